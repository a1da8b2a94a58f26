import { readFileSync } from 'node:fs';
import b4a from 'b4a';
import fc from 'fast-check';
import t from 'tap';
import { peerId, peerTag, publicKeyOf } from '../../src/identity/peer-id.js';

interface Person {
  publicKey: string;
  tag: string;
}
const { people } = JSON.parse(readFileSync('test/vectors/membership.json', 'utf8')) as { people: Person[] };
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

t.test('an id is the public key in lower-case hex, and the key is had back from it', async (t) => {
  for (const { publicKey } of people) {
    const id = peerId(b4a.from(publicKey, 'hex'));
    t.equal(id, publicKey);
    t.strictSame(publicKeyOf(id), b4a.from(publicKey, 'hex'));
  }
  fc.assert(
    fc.property(key, (bytes) => b4a.equals(publicKeyOf(peerId(bytes)), bytes)),
    { seed: 1 },
  );
});

t.test('[C9] a tag is the known six characters of the key’s hash', async (t) => {
  for (const { publicKey, tag } of people) t.equal(peerTag(peerId(b4a.from(publicKey, 'hex'))), tag);
});

t.test('[C9] keys that begin alike have other tags, and a tag can be read out', async (t) => {
  const bytes = b4a.from((people[0] as Person).publicKey, 'hex');
  const tags = Array.from({ length: 256 }, (_, last) => {
    const like = b4a.from(bytes);
    like[31] = last;
    return peerTag(peerId(like));
  });
  t.equal(new Set(tags).size, 256);
  t.ok(
    tags.every((tag) => /^[0-9a-hjkmnp-tv-z]{6}$/.test(tag)),
    'without i, l, o and u',
  );
});
