import type { ApiEvent, Person } from '../src/daemon/api.js';
import type { CallInfo, CallMemberInfo, TrackInfo } from '../src/daemon/call-api.js';
import { safe } from './output.js';

const KINDS = {
  camera: 'camera',
  microphone: 'microphone',
  screen: 'screen',
  'screen-sound': 'sound of it',
} as const;

/** `1920 × 1080 AV1`, for one line of a terminal. */
export const pictureWords = ({
  width,
  height,
  codec,
}: Pick<TrackInfo, 'width' | 'height' | 'codec'>): string =>
  [width > 0 ? `${width} × ${height}` : '', codec.toUpperCase()].filter(Boolean).join(' ');

/** Who is in the calls of a room, and who shows what; a line each. */
export function callLines(
  calls: readonly CallInfo[],
  room: string,
  nameOf: (person: Person) => string,
): string[] {
  if (calls.length === 0)
    return [`Nobody is in a call here. npx chatter open ${safe(room)} starts one, in the page.`];
  return calls.flatMap(({ direct, members }) => [
    `In the call${direct ? ` with ${nameOf(direct)}` : ''}:`,
    ...members.map((member) => `  ${memberLine(member, nameOf)}`),
    ...(members.some(({ self, tracks }) => !self && tracks.some(isPicture))
      ? [
          `npx chatter watch ${safe(room)} writes a screen or camera for a player; npx chatter open ${safe(room)} joins.`,
        ]
      : []),
  ]);
}

function memberLine(
  { peer, self, hand, tracks }: CallMemberInfo,
  nameOf: (person: Person) => string,
): string {
  const on = tracks.filter(({ paused }) => !paused);
  const things = on.map((track) =>
    isPicture(track) ? `${KINDS[track.kind]} ${pictureWords(track)}` : KINDS[track.kind],
  );
  const what = things.length > 0 ? things.join(', ') : 'listens';
  return `${self ? 'you' : nameOf(peer)}: ${what}${hand ? ', hand is up' : ''}`;
}

const isPicture = ({ kind }: TrackInfo) => kind === 'camera' || kind === 'screen';

/** What an event about calls is told as; null for what need not be. */
export function callEventLine(event: ApiEvent, nameOf: (person: Person) => string): string | null {
  switch (event.type) {
    case 'call-started':
      return `${nameOf(event.by)} started a call${event.direct ? ' with you' : ''}; /call tells who is in it`;
    case 'call-ended':
      return 'The call is over';
    case 'call-ringing':
      return `${nameOf(event.from)} calls you: npx chatter open ${safe(event.room)} answers in the page`;
    case 'call-ring-ended':
      return event.reason === 'missed' ? `Missed call from ${nameOf(event.from)}` : null;
    case 'track-started':
      if (event.self || event.kind !== 'screen') return null;
      return `${nameOf(event.peer)} shows a screen; npx chatter watch ${safe(event.room)} writes it for a player`;
    default:
      return null;
  }
}
