/** What this page may take: one microphone, one camera, any number of screens, each with the sound of it. */
export type SourceId = 'microphone' | 'camera' | `screen-${number}`;

/** Why nothing is taken from a source though somebody wanted it. */
export type CaptureFailure = 'refused' | 'missing' | 'busy' | 'unplugged' | 'unsupported';

/** What is known of one source. A source that is off and did not fail has no slot. */
interface Slot {
  /** The request whose tracks are live. */
  readonly live: number | null;
  /** The request that the browser has not answered yet. */
  readonly asking: number | null;
  readonly failure: CaptureFailure | null;
}

export interface CaptureState {
  readonly slots: ReadonlyMap<SourceId, Slot>;
  readonly nextRequest: number;
}

export type CaptureEvent =
  /** Somebody clicked: take this source, or take it from another device where it is live already. */
  | { readonly type: 'wanted'; readonly source: SourceId }
  | { readonly type: 'unwanted'; readonly source: SourceId }
  /** "Stop all", the end of the call, sleep. */
  | { readonly type: 'all-unwanted' }
  /** The browser answered. */
  | { readonly type: 'opened'; readonly source: SourceId; readonly request: number }
  | {
      readonly type: 'failed';
      readonly source: SourceId;
      readonly request: number;
      readonly failure: CaptureFailure;
    }
  /** The device is gone, or somebody stopped it in the browser's own bar. */
  | {
      readonly type: 'ended';
      readonly source: SourceId;
      readonly request: number;
      readonly failure: CaptureFailure | null;
    };

export type CaptureEffect =
  | { readonly type: 'open'; readonly source: SourceId; readonly request: number }
  /** Stop every track of this request, at once. */
  | { readonly type: 'close'; readonly request: number };

export const NOTHING_CAPTURED: CaptureState = { slots: new Map(), nextRequest: 1 };

/**
 * The next state and what is to be done. Pure.
 *
 * 1. A request is made for `wanted` alone: nothing is captured without a click.
 * 2. What the browser grants to a request that is no longer asked for is closed in the same step.
 * 3. Every request that was opened and not closed is the `live` of exactly one slot, so that the page says it.
 */
export function reduceCapture(
  state: CaptureState,
  event: CaptureEvent,
): readonly [CaptureState, readonly CaptureEffect[]] {
  if (event.type === 'all-unwanted') {
    const closed = [...state.slots.values()].flatMap(({ live }) => closing(live));
    return [{ ...state, slots: new Map() }, closed];
  }
  const { source } = event;
  const slot = state.slots.get(source) ?? OFF;
  switch (event.type) {
    case 'wanted': {
      const request = state.nextRequest;
      const next = { ...state, nextRequest: request + 1 };
      return [
        put(next, source, { ...slot, asking: request, failure: null }),
        [{ type: 'open', source, request }],
      ];
    }
    case 'unwanted':
      return [put(state, source, OFF), closing(slot.live)];
    case 'opened': {
      const { request } = event;
      if (slot.asking !== request) return [state, closing(request)]; // Invariant 2
      return [put(state, source, { live: request, asking: null, failure: null }), closing(slot.live)];
    }
    case 'failed':
      if (slot.asking !== event.request) return [state, []];
      return [put(state, source, { ...slot, asking: null, failure: event.failure }), []];
    default:
      if (slot.live !== event.request) return [state, []];
      return [put(state, source, { ...slot, live: null, failure: event.failure }), closing(event.request)];
  }
}

/** The sources that are captured now. */
export function liveSources({ slots }: CaptureState): SourceId[] {
  return [...slots].filter(([, { live }]) => live !== null).map(([source]) => source);
}

const OFF: Slot = { live: null, asking: null, failure: null };

const closing = (request: number | null): CaptureEffect[] =>
  request === null ? [] : [{ type: 'close', request }];

function put(state: CaptureState, source: SourceId, slot: Slot): CaptureState {
  const slots = new Map(state.slots);
  if (slot.live === null && slot.asking === null && slot.failure === null) slots.delete(source);
  else slots.set(source, slot);
  return { ...state, slots };
}
