import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { damageMark } from '../../src/storage/database.js';
import { KeptNode } from '../support/kept-node.js';
import { SeededRandom } from '../support/seeded-random.js';
import { pause, prove } from './proof.js';

const ROOM = 'faults';
const LINES = 60;
const PLACES = Number(process.env.PLACES ?? 200);
const PATIENCE_MS = 10_000;
/** Starts that a damage may take: it is found in one and mended in the next. */
const STARTS = 3;

/** What lies in a data folder, by name. */
type Files = Map<string, Buffer>;

/** One fault: what becomes of a file. */
type Fault = (file: Buffer, random: SeededRandom) => Buffer;

const flipped: Fault = (file, random) => {
  const copy = Buffer.from(file);
  const at = random.int(copy.length);
  copy[at] = (copy[at] as number) ^ (1 << random.int(8));
  return copy;
};

const torn: Fault = (file, random) => file.subarray(0, random.int(file.length));

/**
 * A node's files are damaged at seeded places, one at a time: it starts or says why not, shows nothing that was never
 * said, and has the whole history from another in the end. `SEED=` and `PLACES=` choose the places.
 */
export async function diskFaults(): Promise<void> {
  const random = new SeededRandom(Number(process.env.SEED ?? 1));
  const undo: (() => unknown)[] = [];
  const owner = { teardown: (fn: () => unknown) => void undo.push(fn) };
  try {
    const open = (name: string) => KeptNode.open(owner, mkdtempSync(path.join(tmpdir(), `chatter-${name}-`)));
    const [ann, bob] = [await open('ann'), await open('bob')];
    await ann.join(ROOM);
    await bob.join(ROOM, ann);
    for (let n = 0; n < LINES; n++) {
      const { id } = await ann.ask('say', { room: ROOM, text: `ann says ${n}` });
      await bob.ask('say', { room: ROOM, text: `bob says ${n}` });
      if (n % 10 === 0) await ann.ask('react', { room: ROOM, id, emoji: '👍' });
    }
    const truth = await untilSame(bob, async () => order(ann));
    const running = filesOf(bob);
    await bob.close();
    const ended = filesOf(bob);
    const trial = { ann, bob, truth, random };
    await damage(trial, ended, 'chatter.db', flipped, 'a byte is another');
    await damage(trial, running, 'chatter.db-wal', flipped, 'a byte is another');
    await damage(trial, running, 'chatter.db-wal', torn, 'the end is missing');
    await damage(trial, ended, 'identity', flipped, 'a byte is another');
  } finally {
    for (const fn of undo.reverse()) await fn();
  }
}

interface Trial {
  ann: KeptNode;
  bob: KeptNode;
  truth: string;
  random: SeededRandom;
}

async function damage(trial: Trial, files: Files, name: string, fault: Fault, what: string): Promise<void> {
  const outcomes = new Map<string, number>();
  for (let place = 0; place < PLACES; place++) {
    const whole = files.get(name) as Buffer;
    put(trial.bob, new Map([...files, [name, fault(whole, trial.random)]]));
    const outcome = await outcomeOf(trial);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const good = ['whole', 'mended', 'refused: IDENTITY_DAMAGED'];
  prove(
    `${name} at ${PLACES} places, ${what}`,
    [...outcomes.keys()].every((outcome) => good.includes(outcome)),
    [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', '),
  );
}

/** What becomes of a node with these files that meets another. */
async function outcomeOf({ ann, bob, truth }: Trial): Promise<string> {
  const known = new Set(truth.split('\n').map((line) => line.split('\t')[1]));
  try {
    for (let start = 0; start < STARTS; start++) {
      await bob.open();
      const shown = await bob.texts(ROOM).catch(() => []); // it is found to be damaged, or forgotten with its room
      const unsaid = shown.filter((text) => text !== '' && !known.has(text));
      if (unsaid.length > 0) return `shows what nobody said: ${unsaid[0]}`;
      await bob.join(ROOM, ann);
      const same = (await untilSame(bob, async () => truth)) === truth;
      const isMarked = existsSync(damageMark(bob.folder.database));
      if (same && !isMarked) return existsSync(`${bob.folder.database}.damaged-1`) ? 'mended' : 'whole';
      await bob.close();
      if (!isMarked) return 'not whole again';
    }
    return 'never mended';
  } catch (err) {
    return `refused: ${(err as { code?: string }).code ?? String(err)}`;
  } finally {
    await bob.close();
  }
}

/** What a node shows once it is `wanted`, once it is known to be damaged, or when patience ends. */
async function untilSame(node: KeptNode, wanted: () => Promise<string>): Promise<string> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const [is, should] = [await order(node).catch(() => ''), await wanted()];
    const isOver = performance.now() > end || existsSync(damageMark(node.folder.database));
    if (is === should || isOver) return is;
    await pause(25);
  }
}

/** Every message as it is shown, in the order of the room. */
async function order(node: KeptNode): Promise<string> {
  const { messages } = await node.ask('history', { room: ROOM, limit: 500 });
  return messages
    .map(({ id, text, reactions }) => `${id}\t${text}\t${reactions.map(({ emoji }) => emoji).join(' ')}`)
    .join('\n');
}

function filesOf({ folder }: KeptNode): Files {
  const entries = readdirSync(folder.path, { withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(entries.map(({ name }) => [name, readFileSync(path.join(folder.path, name))]));
}

/** Leaves these files alone in a node's folder; those that stay are the same files, as on a disk that is worn. */
function put({ folder }: KeptNode, files: Files): void {
  for (const name of readdirSync(folder.path))
    if (!files.has(name)) rmSync(path.join(folder.path, name), { recursive: true });
  for (const [name, content] of files) writeFileSync(path.join(folder.path, name), content, { mode: 0o600 });
}
