import type { Clock } from '../clock.js';
import type { Candidate } from '../identity/find-people.js';
import { likeness } from '../identity/likeness.js';
import type { PeerId } from '../identity/peer-id.js';
import { type Marks, NO_MARKS, type Trust } from '../identity/trust.js';
import { LIMITS } from '../limits.js';
import type { Row, Storage } from '../storage/database.js';
import { storedJson } from '../storage/stored-json.js';

/** Somebody who was met, or marked. */
export interface KnownPerson extends Candidate {
  /** Newest first, `LIMITS.namesPerPerson` at most; none for somebody who was marked and never met. */
  readonly names: readonly string[];
  /** Milliseconds since 1970; the last time is right to an hour. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly marks: Marks;
}

/** A person seen all the time is written down again this often. */
const SEEN_EVERY_MS = 60 * 60_000;

/**
 * The people of a data folder, on disk: who was met, under which names, and what this person thinks of them.
 *
 * 1. At most `LIMITS.knownPeople`: whoever was not seen for longest goes first, and everybody not seen for
 *    `LIMITS.knownPersonLifeMs`; whoever bears a mark stays.
 * 2. A name that looks like a known person's is told once for each key that bears it.
 */
export class People implements Trust {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #people = new Map<PeerId, KnownPerson>();
  /** Who bears, or bore, a name that looks like this. */
  readonly #alike = new Map<string, Set<PeerId>>();

  #remembering = true;

  private constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  static migrate(storage: Storage): Promise<void> {
    return storage.migrate('person', [
      `CREATE TABLE person (
         id TEXT PRIMARY KEY, names TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
         verified INTEGER NOT NULL, blocked INTEGER NOT NULL, muted INTEGER NOT NULL
       ) STRICT`,
    ]);
  }

  static async load(storage: Storage, clock: Clock): Promise<People> {
    await People.migrate(storage);
    const people = new People(storage, clock);
    for (const row of await storage.all('SELECT * FROM person')) people.#remember(fromRow(row));
    await people.#prune();
    return people;
  }

  /** Whoever was seen last comes first. */
  get all(): KnownPerson[] {
    return [...this.#people.values()].sort((a, b) => b.lastSeen - a.lastSeen);
  }

  get(id: PeerId): KnownPerson | undefined {
    return this.#people.get(id);
  }

  marks(id: PeerId): Marks {
    return this.#people.get(id)?.marks ?? NO_MARKS;
  }

  /** Somebody else whose name this one looks like, if that is news: verified people first, then who was seen last. */
  alike(id: PeerId, name: string): KnownPerson | null {
    const like = likeness(name);
    const bearers = this.#alike.get(like);
    if (!bearers || bearers.has(id)) return null; // Invariant 2
    const others = [...bearers]
      .map((other) => this.#people.get(other))
      .filter((other) => other !== undefined);
    others.sort((a, b) => Number(b.marks.verified) - Number(a.marks.verified) || b.lastSeen - a.lastSeen);
    return others[0] ?? null;
  }

  /** Forgets everybody who bears no mark, and from now on whoever is met, or remembers them again. */
  async remember(remembered: boolean): Promise<void> {
    this.#remembering = remembered;
    if (!remembered) await this.#prune(0);
  }

  /** A verified person whose name this unverified one's looks like; told for as long as it is so. */
  resembled(id: PeerId, name: string): KnownPerson | null {
    if (this.marks(id).verified) return null;
    const bearers = [...(this.#alike.get(likeness(name)) ?? [])];
    return bearers.map((other) => this.#people.get(other)).find((other) => other?.marks.verified) ?? null;
  }

  /** Somebody is here under this name, which has passed `cleanName`. */
  async seen(id: PeerId, name: string): Promise<void> {
    const now = this.#clock.wall();
    const known = this.#people.get(id);
    if (!this.#remembering && !known) return;
    if (known?.names[0] === name && now - known.lastSeen < SEEN_EVERY_MS) return;
    const names = [name, ...(known?.names ?? []).filter((other) => other !== name)];
    const person = { ...(known ?? this.stranger(id)), lastSeen: now };
    await this.#put({ ...person, names: names.slice(0, LIMITS.namesPerPerson) });
    if (!known) await this.#prune();
  }

  /** Somebody who is not known, as they would be kept from now on. */
  stranger(id: PeerId, name?: string): KnownPerson {
    const now = this.#clock.wall();
    return { id, names: name === undefined ? [] : [name], firstSeen: now, lastSeen: now, marks: NO_MARKS };
  }

  /** Sets some marks of somebody; durable when it resolves. */
  async mark(person: KnownPerson, change: Partial<Marks>): Promise<KnownPerson> {
    const marked = { ...person, marks: { ...person.marks, ...change } };
    await this.#put(marked);
    return marked;
  }

  async #put(person: KnownPerson): Promise<void> {
    const { id, names, firstSeen, lastSeen, marks } = person;
    this.#remember(person);
    await this.#storage.run(
      `INSERT INTO person VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET names = excluded.names, first_seen = excluded.first_seen,
         last_seen = excluded.last_seen, verified = excluded.verified, blocked = excluded.blocked, muted = excluded.muted`,
      [
        id,
        JSON.stringify(names),
        firstSeen,
        lastSeen,
        Number(marks.verified),
        Number(marks.blocked),
        Number(marks.muted),
      ],
    );
  }

  #remember(person: KnownPerson): void {
    this.#forget(person.id);
    this.#people.set(person.id, person);
    for (const name of person.names) {
      const like = likeness(name);
      const bearers = this.#alike.get(like) ?? new Set();
      this.#alike.set(like, bearers.add(person.id));
    }
  }

  #forget(id: PeerId): void {
    for (const name of this.#people.get(id)?.names ?? []) {
      const like = likeness(name);
      const bearers = this.#alike.get(like);
      bearers?.delete(id);
      if (bearers?.size === 0) this.#alike.delete(like);
    }
    this.#people.delete(id);
  }

  /** Invariant 1. */
  async #prune(most: number = LIMITS.knownPeople): Promise<void> {
    const now = this.#clock.wall();
    const plain = this.all.filter(({ marks }) => !marks.verified && !marks.blocked && !marks.muted);
    const room = Math.max(0, most - (this.#people.size - plain.length));
    for (const [place, { id, lastSeen }] of plain.entries()) {
      if (place < room && now - lastSeen < LIMITS.knownPersonLifeMs) continue;
      this.#forget(id);
      await this.#storage.run('DELETE FROM person WHERE id = ?', [id]);
    }
  }
}

function fromRow(row: Row): KnownPerson {
  return {
    id: String(row.id) as PeerId,
    names: storedJson<string[]>(row.names, ['Nameless']),
    firstSeen: Number(row.first_seen),
    lastSeen: Number(row.last_seen),
    marks: { verified: row.verified === 1, blocked: row.blocked === 1, muted: row.muted === 1 },
  };
}
