import { readFileSync } from 'node:fs';
import b4a from 'b4a';
import fc from 'fast-check';
import t from 'tap';
import { peerId } from '../../src/identity/peer-id.js';
import { ownSafetyNumber, safetyNumber } from '../../src/identity/safety-number.js';

interface Person {
  publicKey: string;
  number: string;
}
const { people } = JSON.parse(readFileSync('test/vectors/membership.json', 'utf8')) as { people: Person[] };
const idOf = ({ publicKey }: Person) => peerId(b4a.from(publicKey, 'hex'));
const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(peerId);

t.test('[C2] a person has the known thirty digits', async (t) => {
  for (const person of people) {
    t.equal(ownSafetyNumber(idOf(person)), person.number);
    t.match(person.number, /^\d{5}( \d{5}){5}$/);
  }
});

t.test('[C2] two people see the same sixty digits, whoever looks', async (t) => {
  for (const a of people) {
    for (const b of people) {
      const number = safetyNumber(idOf(a), idOf(b));
      t.equal(number, safetyNumber(idOf(b), idOf(a)));
      t.equal(number, [a.number, b.number].sort().join(' '));
      t.match(number, /^\d{5}( \d{5}){11}$/);
    }
  }
});

t.test('[C2] property: it covers every bit of both keys', async (t) => {
  fc.assert(
    fc.property(id, id, fc.nat(255), (a, b, bit) => {
      const other = b4a.from(b, 'hex');
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      return (
        safetyNumber(a, b) === safetyNumber(b, a) &&
        safetyNumber(a, peerId(other)) !== safetyNumber(a, b) &&
        safetyNumber(peerId(other), a) !== safetyNumber(b, a)
      );
    }),
    { seed: 1, numRuns: 4 },
  );
  t.pass('in every case');
});
