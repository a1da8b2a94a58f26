import t from 'tap';
import { simulate } from './simulation/simulation.js';

const [first, seeds] = process.env.SEED ? [Number(process.env.SEED), 1] : [1, 16];

t.test(
  'whatever goes wrong, in the end all have the same history and nothing promised is lost',
  async (t) => {
    for (let seed = first; seed < first + seeds; seed++) {
      const { failures, faults } = await simulate(seed, { peers: 6, talkMs: 8_000, deeds: 50 });
      t.same(failures, [], `SEED=${seed}: ${faults.join(', ')}`);
    }
  },
);
