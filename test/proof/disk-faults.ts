import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ChatterError, ERRORS } from '../../src/errors.js';
import { damageMark } from '../../src/storage/database.js';
import { KeptNode } from '../support/kept-node.js';
import { SeededRandom } from '../support/seeded-random.js';
import { pause, prove } from './proof.js';

const ROOM = 'faults';
const LINES = 60;
/** Said when nobody else was there. */
const ALONE = 6;
const PLACES = Number(process.env.PLACES ?? 200);
const PATIENCE_MS = 10_000;
/** Starts that a damage may take: it is found in one and mended in the next. */
const STARTS = 3;
const NOTICES = ['HISTORY_DAMAGED', 'FOLDER_MENDED'] as const;

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
 * A node's files are damaged at seeded places, one at a time. Each time it is the same person in the same rooms with the
 * same settings and marks, shows nothing otherwise than it was said, tells what is missing, and has the whole history in
 * the end. `SEED=` and `PLACES=` choose the places, `ONLY=` one of the files.
 */
export async function diskFaults(): Promise<void> {
  const random = new SeededRandom(Number(process.env.SEED ?? 1));
  const undo: (() => unknown)[] = [];
  const owner = { teardown: (fn: () => unknown) => void undo.push(fn) };
  try {
    const open = (name: string) => KeptNode.open(owner, mkdtempSync(path.join(tmpdir(), `chatter-${name}-`)));
    const [ann, bob] = [await open('ann'), await open('bob')];
    await converse(ann, bob);
    const running = filesOf(bob);
    await bob.close();
    const ended = filesOf(bob);
    await bob.open();
    await ann.open();
    const trial = {
      ann,
      bob,
      who: await whoIs(bob),
      truth: await linesOf(bob),
      said: textsSaid(ann, bob),
      random,
    };
    await bob.join(ROOM, ann);
    if (!(await untilSame(ann, trial.truth))) throw new Error('they do not agree before anything is damaged');
    await bob.close();
    const ways: [string, Files, Fault, string][] = [
      ...[...ended.keys()].map((name): [string, Files, Fault, string] => [
        name,
        ended,
        flipped,
        'a bit is another',
      ]),
      ['chatter.db-wal', running, flipped, 'a bit is another'],
      ['chatter.db-wal', running, torn, 'the end is missing'],
      ['chatter.db', running, flipped, 'a bit is another, and it was killed'],
    ];
    for (const [name, files, fault, what] of ways)
      if (files.get(name)?.length && [undefined, name].includes(process.env.ONLY))
        await damage(trial, files, name, fault, what);
  } finally {
    for (const fn of undo.reverse()) await fn();
  }
}

/** Two people talk, react, edit and delete; then one of them is alone. */
async function converse(ann: KeptNode, bob: KeptNode): Promise<void> {
  await ann.join(ROOM);
  await bob.join(ROOM, ann);
  for (let n = 0; n < LINES; n++) {
    const { id } = await ann.ask('say', { room: ROOM, text: `ann says ${n}` });
    await bob.ask('say', { room: ROOM, text: `bob says ${n}` });
    if (n % 10 === 0) await ann.ask('react', { room: ROOM, id, emoji: '👍' });
    if (n % 10 === 3) await ann.ask('edit', { room: ROOM, id, text: `ann says ${n}, rather` });
    if (n % 10 === 6) await ann.ask('delete', { room: ROOM, id });
  }
  await bob.until(async () => (await linesOf(bob)).join('\n') === (await linesOf(ann)).join('\n'));
  await bob.view.rename({ name: 'Robert' });
  await bob.view.set({ key: 'auto-accept', value: 'verified' });
  await bob.view.mark({ person: ann.id, verified: true });
  await bob.view.create({ label: 'hideout' });
  await bob.join('left');
  await bob.view.leave({ room: 'left' });
  await ann.close(); // it is at another address when it is back, so that nobody is met by chance
  await bob.until(() => bob.node.room(ROOM).members.length === 0);
  for (let n = 0; n < ALONE; n++) await bob.ask('say', { room: ROOM, text: `bob alone ${n}` });
}

interface Trial {
  ann: KeptNode;
  bob: KeptNode;
  who: string;
  truth: readonly string[];
  /** Everything that was ever said, by id: where the end is missing, what was said before is shown. */
  said: ReadonlySet<string>;
  random: SeededRandom;
}

interface Outcome {
  /** In a few words; those that must not be are in capitals. */
  what: string;
  /** Lines that were not there before others gave them back. */
  missing: number;
}

async function damage(trial: Trial, files: Files, name: string, fault: Fault, what: string): Promise<void> {
  const outcomes = new Map<string, number>();
  let most = 0;
  for (let place = 0; place < PLACES; place++) {
    const whole = files.get(name) as Buffer;
    put(trial.bob, new Map([...files, [name, fault(whole, trial.random)]]));
    const outcome = await outcomeOf(trial, fault === torn);
    most = Math.max(most, outcome.missing);
    outcomes.set(outcome.what, (outcomes.get(outcome.what) ?? 0) + 1);
  }
  prove(
    `${name} at ${PLACES} places, ${what}`,
    [...outcomes.keys()].every((outcome) => !/[A-Z]{3}/.test(outcome)),
    `${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}; at most ${most} of ${trial.truth.length} lines came from others`,
  );
}

/** What becomes of a node with these files that meets another. Where the end is missing, nobody can know what was in it. */
async function outcomeOf(trial: Trial, isTorn: boolean): Promise<Outcome> {
  const { ann, bob, who, truth, said } = trial;
  const known = new Set(truth);
  let missing = 0;
  const heard = bob.events.length;
  const ends = (what: string): Outcome => ({ what, missing });
  try {
    for (let start = 0; start < STARTS; start++) {
      const opened = bob.events.length;
      await bob.open();
      const now = await whoIs(bob);
      if (now !== who) return ends(`FORGOT: ${now} was ${who}`);
      const shown = await linesOf(bob).catch(() => []); // it was found to be damaged just now
      const isSaid = (line: string) => said.has(line.split('\t').slice(0, 3).join('\t'));
      const wrong = shown.find((line) => !known.has(line) && !(isTorn && isSaid(line)));
      if (wrong !== undefined) return ends(`SHOWS ${wrong}`);
      missing = Math.max(missing, truth.length - shown.length);
      await bob.join(ROOM, ann);
      const isSame = await untilSame(bob, truth);
      const isMarked = existsSync(damageMark(bob.folder.database));
      if (isSame && !isMarked) {
        const unsaid = toldSince(bob, opened).find((code) => !stands(bob, code));
        if (unsaid) return ends(`UNSAID to who comes later: ${unsaid}`);
        return ends(verdict(toldSince(bob, heard).length > 0, missing, isTorn));
      }
      await bob.close();
      if (!isMarked) return ends('NOT whole again');
    }
    return ends('NEVER mended');
  } catch (err) {
    const { code, message } = ChatterError.from(err);
    return ends(`REFUSED: ${code} ${message}`);
  } finally {
    await bob.close();
  }
}

function verdict(isTold: boolean, missing: number, isTorn: boolean): string {
  if (isTold) return missing === 0 ? 'told and restored' : 'told, the rest from others';
  if (missing === 0) return 'unharmed';
  // The very last thing that was written looks like what a crash leaves of it.
  return isTorn || missing === 1 ? 'as if the end had not come yet' : 'MISSING without a word';
}

/** What was said about damage since so many events. */
const toldSince = ({ events }: KeptNode, since: number) =>
  NOTICES.filter((code) =>
    events.slice(since).some((event) => event.type === 'history-notice' && event.code === code),
  );

/** A window that is opened later hears it too. */
const stands = ({ view }: KeptNode, code: (typeof NOTICES)[number]): boolean =>
  view.snapshot().rooms.some(({ room, notices }) => room === ROOM && notices.includes(ERRORS[code]));

/** Whether a node shows all of this before patience ends, or it is known to be damaged. */
async function untilSame(node: KeptNode, truth: readonly string[]): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    if ((await linesOf(node).catch(() => [])).join('\n') === truth.join('\n')) return true;
    if (performance.now() > end || existsSync(damageMark(node.folder.database))) return false;
    await pause(25);
  }
}

/** Every message as it is shown, in the order of the room; without those whose text is known to be missing. */
async function linesOf(node: KeptNode): Promise<string[]> {
  const { messages } = await node.ask('history', { room: ROOM, limit: 500 });
  return messages
    .filter(({ expired }) => !expired)
    .map(
      ({ id, author, text, deleted, edited, reactions }) =>
        `${id}\t${author.id}\t${text}\t${deleted ? 'deleted' : ''}\t${edited ? 'edited' : ''}\t${reactions.map(({ emoji }) => emoji).join(' ')}`,
    );
}

/** Each message with its author and text as it was when it was told. */
function textsSaid(...nodes: readonly KeptNode[]): Set<string> {
  const told = nodes.flatMap(({ events }) => events);
  return new Set(
    told.flatMap((event) =>
      event.type === 'message' || event.type === 'message-edited'
        ? [`${event.id}\t${event.author.id}\t${event.text}`]
        : [],
    ),
  );
}

/** The person, their rooms, settings and whom they trust. */
async function whoIs({ node, view }: KeptNode): Promise<string> {
  const rooms = (await view.rooms()).map(({ room, roomId, kind, joined, reach }) => [
    room,
    roomId,
    kind,
    joined,
    reach,
  ]);
  const trusted = node.people.filter(({ marks }) => marks.verified).map(({ id }) => id);
  return JSON.stringify([node.identity.id, node.name, rooms, trusted, node.preference('auto-accept')]);
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
