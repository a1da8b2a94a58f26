import t from 'tap';
import { friendlyName } from '../../src/identity/friendly-name.js';
import { cleanName } from '../../src/text.js';

/** Draws these numbers, one after the other, and checks that each was asked for. */
function drawing(...numbers: number[]) {
  const asked: number[] = [];
  const random = (below: number) => {
    asked.push(below);
    return numbers[asked.length - 1] as number;
  };
  return { random, asked };
}

t.test(
  'a friendly name is one of 4,096, each a colour and an animal that can be a display name',
  async (t) => {
    const names = new Set<string>();
    for (let colour = 0; colour < 64; colour++) {
      for (let animal = 0; animal < 64; animal++) {
        const { random, asked } = drawing(colour, animal);
        const name = friendlyName(random);
        if (`${asked}` !== '64,64' || cleanName(name) !== name || !/^[A-Z][a-z]+ [A-Z][a-z]+$/.test(name))
          t.fail(name);
        names.add(name);
      }
    }
    t.equal(names.size, 4096, 'no two are the same');
  },
);

t.test('a friendly name is drawn at random', async (t) => {
  const names = Array.from({ length: 50 }, () => friendlyName());
  t.ok(new Set(names).size > 25);
  t.ok(names.every((name) => cleanName(name) === name));
});
