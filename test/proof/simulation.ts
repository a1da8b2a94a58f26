import { type SimulationOptions, sent, simulate } from '../chat/simulation/simulation.js';
import { prove, spread } from './proof.js';

const EIGHT: SimulationOptions = { peers: 8, talkMs: 20_000, deeds: 150 };
/** Each knows four that were there before. */
const MANY: SimulationOptions = {
  peers: 300,
  talkMs: 5_000,
  deeds: 40,
  degree: 4,
  faults: ['cuts', 'resets'],
};

/** The real code of chat in virtual time: `SEED=` repeats what follows from one seed. */
export async function simulation(): Promise<void> {
  const seed = process.env.SEED;
  await some('8 people, much goes wrong', EIGHT, seed ? [Number(seed)] : range(1_000));
  if (!seed) await some('300 people, connections are lost', MANY, range(20));
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

async function some(what: string, options: SimulationOptions, seeds: readonly number[]): Promise<void> {
  const converged: number[] = [];
  const bad: number[] = [];
  let [messages, deliveries, bytes, copies] = [0, 0, 0, 0];
  for (const seed of seeds) {
    const result = await simulate(seed, options);
    converged.push(result.convergedMs);
    messages += sent(result.traffic);
    bytes += result.traffic.bytes;
    deliveries += result.deliveries;
    copies += result.traffic.copies;
    if (result.failures.length === 0) continue;
    bad.push(seed);
    console.log(`SEED=${seed} (${result.faults.join(', ')}): ${result.failures.slice(0, 5).join('; ')}`);
  }
  const each = (all: number) => (all / Math.max(1, deliveries)).toFixed(2);
  prove(
    `simulation of ${what}`,
    bad.length === 0,
    `${seeds.length - bad.length} of ${seeds.length} seeds end with one history, ${spread(converged)} after the last trouble; ` +
      `a message delivered takes ${each(copies)} copies of it, ${each(messages)} messages with all that is said of it, ${each(bytes)} bytes`,
  );
}
