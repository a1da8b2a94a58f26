import type NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import type { Test } from 'tap';
import { type Clock, systemClock } from '../../src/clock.js';
import { Link } from '../../src/connection/link.js';
import { type RoomPeer, RoomSession, type SessionEnd } from '../../src/connection/room-session.js';
import type { PeerId } from '../../src/identity/peer-id.js';
import { noisePair } from './noise-pair.js';

const KEY = b4a.alloc(32, 7);

/** One end of a session, on the last of its streams. */
export interface SessionSide {
  readonly session: RoomSession;
  readonly violations: string[];
  link: Link;
}

/** A session of one room between two ends. */
export interface LinkedSessions {
  readonly a: SessionSide;
  readonly b: SessionSide;
  /** Puts both ends on another pair of streams. */
  move(pair?: [NoiseSecretStream, NoiseSecretStream]): Promise<void>;
}

const peer = (instance: string): RoomPeer => ({
  id: instance as PeerId,
  instance,
  path: 'direct',
  address: 'memory:1',
  rttMs: null,
  bytesPerSecond: 0,
  bytes: 0,
});

/** A session as both ends have it after a proof, over real links on streams in memory or on those given. */
export async function linkedSessions(
  t: Pick<Test, 'teardown'>,
  {
    clock = systemClock,
    pair,
    recycle,
  }: {
    clock?: Clock;
    pair?: [NoiseSecretStream, NoiseSecretStream];
    recycle?: (bytes: Uint8Array) => void;
  } = {},
): Promise<LinkedSessions> {
  const make = (name: string) => {
    const violations: string[] = [];
    const session = new RoomSession('room', peer(name), ({ violation }) => void violations.push(violation));
    return { session, violations };
  };
  const link = (side: ReturnType<typeof make>, noise: NoiseSecretStream): Link => {
    const made: Link = new Link({
      noise,
      carrier: 'tcp',
      path: 'direct',
      address: 'memory:1',
      clock,
      onProof: () => {},
      recycle,
      onViolation: ({ violation }) => void side.violations.push(violation),
      onClose: () => {
        const end: SessionEnd = 'lost';
        if (side.session.isOn(made)) side.session.end(end);
      },
    });
    t.teardown(() => made.destroy());
    return made;
  };
  const [a, b] = [make('a'), make('b')];
  const ends = async (streams?: [NoiseSecretStream, NoiseSecretStream]) => {
    const [one, two] = streams ?? (await noisePair());
    return [link(a, one), link(b, two)] as const;
  };
  const attach = (side: SessionSide) => side.session.attach(side.link, KEY);
  const [linkA, linkB] = await ends(pair);
  const sides = { a: { ...a, link: linkA }, b: { ...b, link: linkB } };
  for (const side of Object.values(sides)) attach(side);
  return {
    ...sides,
    async move(streams) {
      [sides.a.link, sides.b.link] = await ends(streams);
      for (const side of Object.values(sides)) attach(side);
    },
  };
}
