import { z } from 'zod';

const room = z.string();

/** A page for somebody with nothing but a browser, as its host sees it. */
export const GuestInfo = z.object({
  room: z.string(),
  roomId: z.string(),
  /** What opens the page: whoever has it is a guest. */
  url: z.string(),
  /** ISO 8601: it ends by itself then. */
  until: z.string(),
  /** Oldest first; everybody with the link sees them. */
  notes: z.array(z.object({ from: z.enum(['host', 'guest']), text: z.string(), time: z.string() })),
  /** What guests can download. */
  shelf: z.array(z.object({ id: z.string(), name: z.string(), size: z.number() })),
  /** What guests have handed in; nobody in the room has heard of it before it is accepted. */
  uploads: z.array(
    z.object({
      upload: z.string(),
      names: z.array(z.string()),
      risky: z.array(z.string()),
      bytes: z.number(),
      state: z.enum(['waiting', 'accepted', 'declined']),
    }),
  ),
});
export type GuestInfo = z.output<typeof GuestInfo>;

const none = z.object({});

/** Requests about guests; a part of `REQUESTS`. */
export const GUEST_REQUESTS = {
  /** The page of a room; null where none is open. */
  guest: { params: z.object({ room }), result: z.object({ guest: GuestInfo.nullable() }) },
  guestOpen: {
    params: z.object({
      room,
      /** Its host has read what it cannot promise. */
      consent: z.literal(true),
      minutes: z.number().int().min(1).max(1440).optional(),
      /** The address to serve it at, one of this machine's; the first network's when left out. */
      address: z.string().max(64).optional(),
      /** It ends with the WebSocket that asks. */
      bound: z.boolean().optional(),
    }),
    result: GuestInfo,
  },
  guestClose: { params: z.object({ room }), result: none },
  guestSay: { params: z.object({ room, text: z.string() }), result: GuestInfo },
  /** Puts files there: by absolute paths, or those of a transfer that are here. */
  guestPut: {
    params: z.object({
      room,
      paths: z.array(z.string().min(1)).max(100).optional(),
      transfer: z.string().min(4).max(32).optional(),
    }),
    result: GuestInfo,
  },
  guestTake: { params: z.object({ room, id: z.string() }), result: GuestInfo },
  /** Offers what a guest handed in to the room, or drops it. */
  guestAnswer: { params: z.object({ room, upload: z.string(), accept: z.boolean() }), result: GuestInfo },
} as const;

/** What happens on a guest page; a part of `EventBody`. `guest` is null when it has ended. */
export interface GuestEventBody {
  type: 'guest-changed';
  room: string;
  roomId: string;
  guest: GuestInfo | null;
}
