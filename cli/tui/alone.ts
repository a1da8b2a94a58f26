import type { State } from './state.js';

/** Until then whoever is near has been found. */
export const ALONE_MS = 10_000;

/** What helps whoever is alone in a room since they came; nothing where that is not so. */
export function aloneLines({ here, gone, joined, room, kind }: State): readonly string[] {
  if (!joined || here.size + gone.size > 0) return [];
  const others =
    kind === 'open'
      ? `Others come in with: npx chatter join ${/^[\w-]+$/.test(room) ? room : `'${room.replaceAll("'", "'\\''")}'`}`
      : '/invite prints what lets others in.';
  return [
    `Nobody else has come yet. ${others}`,
    'Should somebody be here? npx chatter doctor says why they are not found.',
  ];
}
