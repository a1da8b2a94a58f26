import type { CallInfo, CallMemberInfo, TrackInfo } from '../../../daemon/call-api.js';

/** One picture of the stage: a person, or a screen of theirs. */
export interface TileSpec {
  /** Member, or the track of a screen. */
  key: string;
  member: CallMemberInfo;
  picture: TrackInfo | null;
  isScreen: boolean;
  muted: boolean;
}

/** The tiles of a call: screens first, then people in the order they came, oneself last. Pure. */
export function stageTiles({ members }: CallInfo): TileSpec[] {
  const sorted = [...members].sort(
    (a, b) =>
      Number(a.self) - Number(b.self) || a.since.localeCompare(b.since) || a.member.localeCompare(b.member),
  );
  const screens = sorted.flatMap((member) =>
    member.tracks
      .filter(({ kind, paused }) => kind === 'screen' && !paused)
      .map((picture) => ({ key: picture.track, member, picture, isScreen: true, muted: false })),
  );
  const people = sorted.map((member) => {
    const sound = member.tracks.find(({ kind }) => kind === 'microphone');
    const camera = member.tracks.find(({ kind, paused }) => kind === 'camera' && !paused) ?? null;
    return {
      key: member.member,
      member,
      picture: camera,
      isScreen: false,
      muted: !sound || sound.paused,
    };
  });
  return [...screens, ...people];
}

/** The tile that is large: what was pinned, else somebody else's screen, else who speaks, else the first. Pure. */
export function spotlitTile(
  tiles: readonly TileSpec[],
  pinned: string | null,
  speaking: ReadonlySet<string>,
): TileSpec | null {
  return (
    tiles.find(({ key }) => key === pinned) ??
    tiles.find(({ isScreen, member }) => isScreen && !member.self) ??
    tiles.find(({ isScreen, member }) => !isScreen && !member.self && speaking.has(member.member)) ??
    tiles.find(({ member }) => !member.self) ??
    tiles[0] ??
    null
  );
}
