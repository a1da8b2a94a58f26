import type { MessageId } from '../../../src/chat/message.js';
import type { RoomChat } from '../../../src/chat/room-chat.js';
import type { Shown } from '../../../src/chat/timeline.js';
import { ChatterError } from '../../../src/errors.js';
import { SeededIdentity } from '../../support/seeded-identity.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { Model } from './model.js';
import { drawEverythingFrom } from './seeded-process.js';
import { SimulatedDisk } from './simulated-disk.js';
import { SimulatedLink, type Traffic } from './simulated-link.js';
import { SimulatedMember } from './simulated-member.js';
import { VirtualTime } from './virtual-time.js';

/** What may go wrong. Each seed has about half of it, so that rare ones are seen without the others too. */
const FAULTS = [
  'cuts',
  'resets',
  'partitions',
  'kills',
  'leaves',
  'restored backups',
  'copied folders',
  'twins',
  'full disks',
  'wrong clocks',
  'slow lines',
  'sparse',
] as const;
type Fault = (typeof FAULTS)[number];

export interface SimulationOptions {
  peers: number;
  /** How long they talk, in virtual milliseconds. */
  talkMs: number;
  /** Things said and done in that time. */
  deeds: number;
  /** Neighbours of each, at least. Default all others. */
  degree?: number;
  /** Default: as the seed has it. */
  faults?: readonly Fault[];
}

export interface SimulationResult {
  readonly faults: readonly Fault[];
  /** What is wrong in the end: none if all is well. */
  readonly failures: readonly string[];
  /** Messages of all, and how often one came to somebody who had not written it. */
  readonly messages: number;
  readonly deliveries: number;
  readonly traffic: Traffic;
  /** From the end of all trouble until all had the same, in virtual milliseconds. */
  readonly convergedMs: number;
}

const FAULT_EVERY_MS = 1_500;
const DISCOVERY_MS = 400;
const CONVERGE_MS = 60_000;
const SETTLE_MS = 25_000;
const IDLE_MS = 60_000;
const YEAR_MS = 365 * 24 * 60 * 60_000;
const EMOJI = ['👍', '🎉', '❤️'];

/** Runs what follows from a seed, to its end. */
export async function simulate(seed: number, options: SimulationOptions): Promise<SimulationResult> {
  const random = new SeededRandom(seed);
  const undo = drawEverythingFrom(random);
  try {
    return await new Simulation(random, options).run();
  } finally {
    undo();
  }
}

class Simulation {
  readonly #random: SeededRandom;
  readonly #options: SimulationOptions;
  readonly #faults: ReadonlySet<Fault>;
  readonly #time = new VirtualTime();
  readonly #model = new Model();
  readonly #members: SimulatedMember[] = [];
  readonly #traffic: Traffic = { messages: new Map(), copies: 0, bytes: 0 };
  readonly #links = new Map<string, { link: SimulatedLink; end: () => void }>();
  /** Pairs that can reach each other. */
  readonly #near = new Set<string>();
  readonly #side = new Map<SimulatedMember, number>();
  readonly #failures: string[] = [];
  #said = 0;

  constructor(random: SeededRandom, options: SimulationOptions) {
    this.#random = random;
    this.#options = options;
    this.#faults = new Set(options.faults ?? FAULTS.filter(() => random.chance(0.5)));
  }

  async run(): Promise<SimulationResult> {
    const { peers, talkMs, deeds } = this.#options;
    for (let i = 0; i < peers; i++) this.#add();
    for (const member of this.#members) {
      // Some come later.
      const comesAfter = this.#random.chance(0.3) ? this.#random.between(0, talkMs) : 0;
      this.#time.after(comesAfter, () => void member.start());
    }
    this.#discover();
    for (let i = 0; i < deeds; i++) this.#time.after(this.#random.between(0, talkMs), () => this.#do());
    for (let at = 0; at < talkMs; at += FAULT_EVERY_MS)
      for (const fault of this.#faults)
        this.#time.after(Math.min(talkMs, at + this.#random.int(FAULT_EVERY_MS)), () => this.#go(fault));
    await this.#time.advance(talkMs);
    this.#endTrouble();
    const convergedMs = await this.#converge();
    await this.#time.advance(SETTLE_MS);
    const settled = this.#messagesSent();
    await this.#time.advance(IDLE_MS);
    const idle = this.#messagesSent() - settled;
    if (idle > 0) this.#failures.push(`${idle} messages are sent though nothing happens`);
    await this.#check();
    const messages = this.#members[0]?.disk.size ?? 0;
    return {
      faults: [...this.#faults],
      failures: this.#failures,
      messages,
      deliveries: messages * (this.#members.length - 1),
      traffic: this.#traffic,
      convergedMs,
    };
  }

  #add(copyOf?: { of: SimulatedMember; disk: SimulatedDisk; place: string }): SimulatedMember {
    const random = this.#random;
    const member = new SimulatedMember({
      name: `${copyOf?.of.name ?? 'm'}${this.#members.length}`,
      time: this.#time,
      random,
      identity: copyOf?.of.identity ?? new SeededIdentity(random),
      disk: copyOf?.disk ?? new SimulatedDisk(),
      place: copyOf?.place ?? `folder ${this.#members.length}`,
      wrongMs: this.#faults.has('wrong clocks') ? random.between(-5, 5) * YEAR_MS : 0,
    });
    const degree = this.#options.degree ?? (this.#faults.has('sparse') ? 2 : Number.POSITIVE_INFINITY);
    const others = [...this.#members];
    // Whoever comes knows somebody, so that there is a way from each to each.
    for (let i = 0; others.length > 0 && i < degree; i++) {
      const [other] = others.splice(random.int(others.length), 1) as [SimulatedMember];
      this.#near.add(pair(member, other));
    }
    this.#members.push(member);
    return member;
  }

  /** Connects, again and again, those who can reach each other. */
  #discover(): void {
    for (const [i, a] of this.#members.entries()) {
      for (const b of this.#members.slice(i + 1)) {
        const isPossible = a.running && b.running && this.#side.get(a) === this.#side.get(b);
        const key = pair(a, b);
        if (isPossible && this.#near.has(key) && !this.#links.has(key) && this.#random.chance(0.6))
          this.#connect(a, b);
      }
    }
    this.#time.after(DISCOVERY_MS, () => this.#discover());
  }

  #connect(a: SimulatedMember, b: SimulatedMember): void {
    const key = pair(a, b);
    const isSlow = this.#faults.has('slow lines') && this.#random.chance(0.3);
    const link = new SimulatedLink({
      time: this.#time,
      random: this.#random,
      line: isSlow
        ? { latencyMs: 300, jitterMs: 500, bytesPerMs: 8 }
        : { latencyMs: this.#random.between(0.2, 40), jitterMs: 10, bytesPerMs: 1000 },
      traffic: this.#traffic,
      onViolation: (err) => {
        this.#failures.push(`${a.name} and ${b.name}: ${describe(err)}`);
        this.#cut(key);
      },
    });
    const [endA, endB] = link.ends;
    const ends = [a.meet(b, endA.open), b.meet(a, endB.open)];
    this.#links.set(key, { link, end: () => void ends.map((end) => end()) });
  }

  #cut(key: string): void {
    const cut = this.#links.get(key);
    this.#links.delete(key);
    cut?.link.cut();
    cut?.end();
  }

  #cutAll(member: SimulatedMember): void {
    for (const other of this.#members) if (other !== member) this.#cut(pair(member, other));
  }

  /** Somebody who is there says or does something. */
  #do(): void {
    const running = this.#members.filter((member) => member.running);
    if (running.length === 0) return;
    const member = this.#random.pick(running);
    const { chat } = member;
    if (!chat) return;
    const about = this.#model.known.filter(({ id }) => member.disk.has(id));
    const dice = this.#random.next();
    const own = about.filter(({ by }) => by.identity === member.identity);
    if (dice > 0.95)
      chat.read().catch(() => {}); // of a disk that is full
    else if (dice > 0.85 && about.length > 0) this.#react(member, chat, this.#random.pick(about).id);
    else if (dice > 0.75 && own.length > 0) this.#edit(member, chat, this.#random.pick(own).id);
    else if (dice > 0.7 && own.length > 0) this.#delete(member, chat, this.#random.pick(own).id);
    else this.#say(member, chat);
  }

  #say(member: SimulatedMember, chat: RoomChat): void {
    const text = `${member.name} says ${this.#said++}`;
    const others = this.#members.filter(({ identity }) => identity !== member.identity);
    const to = this.#random.chance(0.1) && others.length > 0 ? this.#random.pick(others).identity.id : null;
    const deed = this.#model.says(member, text, to);
    chat.say(text, to ? { to } : {}).then(({ id }) => {
      deed.id = id;
      deed.acknowledged = true;
    }, refused);
  }

  #edit(member: SimulatedMember, chat: RoomChat, target: MessageId): void {
    const text = `${member.name} says instead ${this.#said++}`;
    this.#done(member, this.#model.edits(member, target, text), chat.edit(target, text));
  }

  #delete(member: SimulatedMember, chat: RoomChat, target: MessageId): void {
    this.#done(member, this.#model.deletes(member, target), chat.delete(target));
  }

  #react(member: SimulatedMember, chat: RoomChat, target: MessageId): void {
    const emoji = this.#random.pick(EMOJI);
    const on = this.#random.chance(0.7);
    this.#done(member, this.#model.reacts(member, target, emoji, on), chat.react(target, emoji, on));
  }

  #done(
    member: SimulatedMember,
    deed: { acknowledged: boolean; id: MessageId | null },
    doing: Promise<unknown>,
  ): void {
    const { disk } = member;
    doing.then(() => {
      deed.acknowledged = true;
      deed.id = disk.last;
    }, refused);
  }

  #go(fault: Fault): void {
    const random = this.#random;
    const member = random.pick(this.#members);
    const keys = [...this.#links.keys()];
    switch (fault) {
      case 'cuts':
        if (keys.length > 0) this.#cut(random.pick(keys));
        return;
      case 'resets':
        if (keys.length > 0) this.#links.get(random.pick(keys))?.link.reset();
        return;
      case 'partitions':
        return this.#divide(random.chance(0.5) ? 1 : 2);
      case 'kills':
        if (member.running && random.chance(0.5)) this.#restart(member, random.between(0, 4_000));
        return;
      case 'leaves':
        if (member.running && random.chance(0.4)) void this.#leave(member, random.between(0, 6_000));
        return;
      case 'restored backups':
        if (member.running && random.chance(0.2)) void this.#restore(member);
        return;
      case 'copied folders':
      case 'twins':
        if (this.#members.length < this.#options.peers + 4 && random.chance(0.15))
          void this.#copy(member, fault === 'twins');
        return;
      case 'full disks':
        if (random.chance(0.5)) return;
        member.disk.full = true;
        this.#time.after(random.between(0, 5_000), () => {
          member.disk.full = false;
        });
        return;
      default:
    }
  }

  /** Splits everybody into so many halves. */
  #divide(sides: number): void {
    for (const member of this.#members) this.#side.set(member, this.#random.int(sides));
    for (const [i, a] of this.#members.entries())
      for (const b of this.#members.slice(i + 1))
        if (this.#side.get(a) !== this.#side.get(b)) this.#cut(pair(a, b));
  }

  #restart(member: SimulatedMember, afterMs: number): void {
    member.kill();
    this.#cutAll(member);
    this.#time.after(afterMs, () => void member.start());
  }

  async #leave(member: SimulatedMember, forMs: number): Promise<void> {
    this.#cutAll(member);
    await member.stop();
    this.#time.after(forMs, () => void member.start());
  }

  async #restore(member: SimulatedMember): Promise<void> {
    const state = this.#random.int(member.disk.state + 1);
    member.kill();
    this.#cutAll(member);
    member.disk = await member.disk.copy(state);
    member.restores++;
    this.#model.forgets((id) => this.#members.some(({ disk }) => disk.has(id)));
    this.#time.after(this.#random.between(0, 2_000), () => void member.start());
  }

  /** The folder is copied while its node runs; a twin does not even know, as the copy of a whole disk does not. */
  async #copy(of: SimulatedMember, isTwin: boolean): Promise<void> {
    const place = isTwin ? of.place : `copy ${this.#members.length}`;
    const copy = this.#add({ of, disk: await of.disk.copy(), place });
    await copy.start();
  }

  #endTrouble(): void {
    this.#side.clear();
    for (const member of this.#members) member.disk.full = false;
    this.#time.after(10_000, () => {
      for (const member of this.#members) if (!member.running) void member.start();
    });
  }

  async #converge(): Promise<number> {
    const from = this.#time.now;
    await this.#time.advance(10_500);
    while (!this.#isSame()) {
      if (this.#time.now - from > CONVERGE_MS) {
        this.#failures.push(`not the same after ${CONVERGE_MS / 1000} s: ${this.#howMany()}`);
        break;
      }
      await this.#time.advance(500);
    }
    return this.#time.now - from;
  }

  #isSame(): boolean {
    const [first, ...others] = this.#members;
    if (this.#members.some(({ running }) => !running)) return false;
    const all = ids(first);
    return others.every((other) => ids(other) === all);
  }

  #howMany(): string {
    return this.#members
      .map(({ name, disk, running }) => `${name} ${running ? disk.size : 'is off'}`)
      .join(', ');
  }

  async #check(): Promise<void> {
    const pages = await Promise.all(
      this.#members.map(async (member) => {
        let page: Awaited<ReturnType<RoomChat['page']>> = [];
        member.chat?.page({ limit: 1e6 }).then((shown) => {
          page = shown;
        }, refused);
        await this.#time.advance(100);
        return { member, page };
      }),
    );
    const view = (page: readonly Shown[] = []) =>
      page
        .filter(({ id, to }) => to === null && !this.#model.isDirect(id))
        .map(line)
        .join('\n');
    const [first] = pages;
    for (const { member, page } of pages) {
      this.#failures.push(...this.#model.differences(member, page));
      if (view(page) !== view(first?.page))
        this.#failures.push(
          `${member.name} shows another history than ${first?.member.name}: ${difference(view(page), view(first?.page))}`,
        );
      const odd = [...member.notices].filter((code) => !this.#isExpected(code));
      if (odd.length > 0) this.#failures.push(`${member.name} was told ${odd.join(', ')}`);
    }
  }

  #isExpected(code: string): boolean {
    const copies = ['restored backups', 'copied folders', 'twins'] as const;
    if (code === 'FORKED' || code === 'WRITER_RENEWED')
      return copies.some((fault) => this.#faults.has(fault));
    return code === 'STORAGE_FAILED' && this.#faults.has('full disks');
  }

  #messagesSent(): number {
    return sent(this.#traffic);
  }
}

/** Messages of all kinds that went over links. */
export const sent = ({ messages }: Traffic): number => [...messages.values()].reduce((a, b) => a + b, 0);

const ids = (member?: SimulatedMember) => member?.disk.ids ?? '';

/** What everybody sees alike of a message. */
function line({ id, clock, text, deleted, reactions }: Shown): string {
  const said = reactions.map(({ emoji, people }) => `${emoji}${people.toSorted().join()}`).toSorted();
  return `${clock} ${id} ${deleted} ${text} ${said.join(' ')}`;
}

/** The first line in which two texts differ. */
function difference(one: string, other: string): string {
  const [a, b] = [one.split('\n'), other.split('\n')];
  const at = a.findIndex((line, i) => line !== b[i]);
  return `${a.length} and ${b.length} lines; "${a[at]}" and "${b[at]}"`;
}

const pair = (a: SimulatedMember, b: SimulatedMember): string => [a.name, b.name].toSorted().join(' ');

const describe = (err: unknown): string => (err instanceof Error ? `${err.stack}` : String(err));

/** A disk that is full, a message that was deleted meanwhile: whoever asked was told. Anything else is a fault. */
function refused(err: unknown): void {
  if (!(err instanceof ChatterError)) throw err;
}
