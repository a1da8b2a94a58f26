import type { ApiEvent, Result } from '../src/daemon/api.js';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';

export type ShownTrack = Result<'call-tracks'>[number];

/** What a person said of the picture that is meant. */
export interface ShownChoice {
  from?: string;
  kind?: 'screen' | 'camera';
}

/**
 * The camera or screen that is meant, as soon as somebody shows it. Throws NOBODY_THERE where nobody does in time, and
 * what the node says of `from` where nobody of that name came.
 */
export async function shownTrack(
  client: Client,
  room: { room: string; roomId: string },
  { from, kind }: ShownChoice,
  timeoutMs: number,
): Promise<ShownTrack> {
  let changed = () => {};
  const onEvent = (event: ApiEvent) => {
    if ('roomId' in event && event.roomId === room.roomId) changed();
  };
  client.on('event', onEvent);
  const late = Symbol('late');
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<typeof late>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, late);
  });
  try {
    for (;;) {
      const change = new Promise<void>((resolve) => {
        changed = resolve;
      });
      const { track, err } = await look(client, room.roomId, from, kind);
      if (track) return track;
      if ((await Promise.race([change, deadline])) !== late) continue;
      throw (
        err ??
        new ChatterError('NOBODY_THERE', {
          message: `Nobody${from ? ` called ${from}` : ''} showed ${WHAT[kind ?? 'any']} in ${room.room} in time.`,
        })
      );
    }
  } finally {
    clearTimeout(timer);
  }
}

const WHAT = { screen: 'a screen', camera: 'a camera', any: 'a screen or camera' } as const;

/** A screen rather than a camera: it is what people look at when there is one. */
async function look(
  client: Client,
  room: string,
  from: string | undefined,
  kind: ShownChoice['kind'],
): Promise<{ track?: ShownTrack; err?: ChatterError }> {
  try {
    const shown = await client.request('call-tracks', { room, from });
    const kinds = kind ? [kind] : (['screen', 'camera'] as const);
    const [track] = kinds.flatMap((wanted) => shown.filter((each) => each.kind === wanted && !each.paused));
    return track ? { track } : {};
  } catch (err) {
    // Whoever is meant may be found in a moment.
    if (err instanceof ChatterError && err.code === 'PEER_UNKNOWN') return { err };
    throw err;
  }
}
