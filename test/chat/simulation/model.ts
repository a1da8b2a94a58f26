import type { MessageId } from '../../../src/chat/message.js';
import type { Shown } from '../../../src/chat/timeline.js';
import type { PeerId } from '../../../src/identity/peer-id.js';
import type { SimulatedMember } from './simulated-member.js';

/** Something that a member was told to do. Only what was acknowledged must be there in the end. */
interface Deed<T> {
  readonly by: SimulatedMember;
  /** Who did it as one who knew what they had done before. */
  readonly life: string;
  readonly value: T;
  acknowledged: boolean;
  /** The message that it became. */
  id: MessageId | null;
}

interface Saying extends Deed<string> {
  readonly to: PeerId | null;
  readonly edits: Deed<string>[];
  readonly deletes: Deed<true>[];
  readonly reactions: Map<string, Deed<boolean>[]>;
}

/** What people were promised, kept beside the simulation: it is compared with what every member shows in the end. */
export class Model {
  readonly #sayings: Saying[] = [];

  /** What was said and acknowledged, to react to or to change. */
  get known(): { id: MessageId; by: SimulatedMember; to: PeerId | null }[] {
    return this.#sayings.flatMap(({ id, acknowledged, by, to }) =>
      id && acknowledged ? [{ id, by, to }] : [],
    );
  }

  isDirect(id: MessageId): boolean {
    return (this.#saying(id)?.to ?? null) !== null;
  }

  says(by: SimulatedMember, value: string, to: PeerId | null): Deed<string> {
    const saying: Saying = {
      by,
      life: lifeOf(by),
      value,
      to,
      acknowledged: false,
      id: null,
      edits: [],
      deletes: [],
      reactions: new Map(),
    };
    this.#sayings.push(saying);
    return saying;
  }

  edits(by: SimulatedMember, target: MessageId, value: string): Deed<string> {
    return added(this.#saying(target)?.edits, by, value);
  }

  deletes(by: SimulatedMember, target: MessageId): Deed<true> {
    return added(this.#saying(target)?.deletes, by, true as const);
  }

  reacts(by: SimulatedMember, target: MessageId, emoji: string, value: boolean): Deed<boolean> {
    const reactions = this.#saying(target)?.reactions;
    const key = `${by.identity.id} ${emoji}`;
    const deeds = reactions?.get(key) ?? [];
    reactions?.set(key, deeds);
    return added(deeds, by, value);
  }

  /** A disk went back to an older state: what is on no disk any more was lost with it, and nobody promised otherwise. */
  forgets(isSomewhere: (id: MessageId) => boolean): void {
    const lost = (deed: Deed<unknown>) => deed.id !== null && !isSomewhere(deed.id);
    for (const saying of this.#sayings) {
      const deeds = [saying, ...saying.edits, ...saying.deletes, ...[...saying.reactions.values()].flat()];
      for (const deed of deeds) if (lost(deed)) deed.acknowledged = false;
    }
  }

  /** How a member's view differs from what was promised: sentences, none if all is well. */
  differences(viewer: SimulatedMember, page: readonly Shown[]): string[] {
    const { name, identity } = viewer;
    const wrong: string[] = [];
    const shown = new Map(page.map((each) => [each.id, each]));
    if (shown.size !== page.length) wrong.push(`${name} shows something twice`);
    const expected = new Set<MessageId>();
    for (const saying of this.#sayings) {
      const { id, to, by, value, acknowledged } = saying;
      if (!id) continue;
      expected.add(id);
      const isForViewer = !to || to === identity.id || by.identity.id === identity.id;
      const there = shown.get(id);
      if (there && !isForViewer) wrong.push(`${name} shows what was for another: ${value}`);
      // Whom a direct message was for cannot be told any more once its body is gone.
      const isGone = to !== null && saying.deletes.length > 0;
      if (!there && isForViewer && acknowledged && !isGone) wrong.push(`${name} has lost: ${value}`);
      if (there && isForViewer) wrong.push(...unlike(saying, there).map((what) => `${name}: ${what}`));
    }
    const unacknowledged = new Map(
      this.#sayings.flatMap(({ id, value }) => (id ? [] : [[value, 1] as const])),
    );
    for (const { id, text } of page) {
      if (expected.has(id)) continue;
      if (!unacknowledged.delete(text)) wrong.push(`${name} shows what nobody said: ${text}`);
    }
    return wrong;
  }

  #saying(id: MessageId): Saying | undefined {
    return this.#sayings.find((saying) => saying.id === id);
  }
}

function added<T>(to: Deed<T>[] | undefined, by: SimulatedMember, value: T): Deed<T> {
  const deed = { by, life: lifeOf(by), value, acknowledged: false, id: null };
  to?.push(deed);
  return deed;
}

const lifeOf = ({ name, restores }: SimulatedMember): string => `${name} ${restores}`;

/** What may hold in the end: of each life of a machine the last that it acknowledged, or what it was told after that. */
function possible<T>(deeds: readonly Deed<T>[], before: T): Set<T> {
  const values = new Set<T>();
  if (!deeds.some(({ acknowledged }) => acknowledged)) values.add(before);
  for (const life of new Set(deeds.map((deed) => deed.life))) {
    const own = deeds.filter((deed) => deed.life === life);
    const last = own.findLastIndex(({ acknowledged }) => acknowledged);
    for (const { value } of own.slice(Math.max(0, last))) values.add(value);
  }
  return values;
}

function unlike({ value, edits, deletes, reactions }: Saying, shown: Shown): string[] {
  if (shown.deleted) return deletes.length > 0 ? [] : [`deleted by nobody: ${value}`];
  if (deletes.some(({ acknowledged }) => acknowledged)) return [`not deleted: ${value}`];
  const wrong: string[] = [];
  if (!possible(edits, value).has(shown.text)) wrong.push(`"${shown.text}" in place of "${value}"`);
  for (const [key, deeds] of reactions) {
    const [author, emoji] = key.split(' ') as [PeerId, string];
    const people = shown.reactions.find((each) => each.emoji === emoji)?.people ?? [];
    if (!possible(deeds, false).has(people.includes(author))) wrong.push(`a reaction to "${value}" is wrong`);
  }
  return wrong;
}
