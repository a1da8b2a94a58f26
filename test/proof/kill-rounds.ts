import { killRound } from './kills.js';
import { prove } from './proof.js';

/** Runs rounds of `killRound` with the seeds from the first argument on, as many as the second one says. */
const [first = 1, count = 100] = process.argv.slice(2).map(Number);

let [lost, unlike, wasteful] = [0, 0, 0];
const sent: number[] = [];
for (let seed = first; seed < first + count; seed++) {
  try {
    const round = await killRound(seed);
    sent.push(round.sent);
    if (!round.identical) unlike++;
    if (!round.fewEnough) wasteful++;
    if (!round.identical || !round.fewEnough) console.log(`seed ${seed}: ${JSON.stringify(round)}`);
  } catch (err) {
    lost++;
    console.log(`seed ${seed}: ${(err as Error).message}`);
  }
}
sent.sort((a, b) => a - b);
prove(
  `${count} times kill -9 of sender, receiver or both while a file goes`,
  lost + unlike + wasteful === 0,
  `${lost} did not arrive, ${unlike} not identical, ${wasteful} sent too much; sent ` +
    `${sent[Math.floor(sent.length / 2)]?.toFixed(3)} of the file in the median, ${sent.at(-1)?.toFixed(3)} at most`,
);
process.exit();
