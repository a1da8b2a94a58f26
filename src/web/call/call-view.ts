import type { Person } from '../../daemon/api.js';
import type { CallInfo } from '../../daemon/call-api.js';
import type { CallSettings } from './call-settings.js';
import { type CaptureState, NOTHING_CAPTURED } from './capture/capture-state.js';

/** Somebody rings here. */
export interface Ring {
  room: string;
  roomId: string;
  call: string;
  from: Person;
  /** A call with this person alone. */
  direct: boolean;
}

/** What became of our own ringing. */
export interface RingAnswer {
  to: Person;
  answer: 'ringing' | 'accepted' | 'declined' | 'missed' | 'busy';
}

/** Why this tab is not in a call that it was in. */
export type LeftReason = 'slept' | 'reloaded' | 'moved' | 'node-lost' | 'kept-elsewhere';

/** Where this tab is: nowhere, looking at itself before it joins, on its way, or in a call. */
type CallPlace =
  | { type: 'none' }
  | { type: 'preview'; roomId: string; room: string; to: Person | null }
  | { type: 'joining'; roomId: string; room: string; to: Person | null }
  | { type: 'in'; roomId: string; room: string; info: CallInfo };

export interface CallView {
  place: CallPlace;
  /** Every call that is known, by room. */
  calls: ReadonlyMap<string, CallInfo>;
  rings: readonly Ring[];
  ringing: RingAnswer | null;
  /** Calls that nobody answered here, until they are looked at. */
  missed: readonly Ring[];
  left: { roomId: string; room: string; reason: LeftReason } | null;
  capture: CaptureState;
  /** Grows with each change of a captured or received track, so that pictures are attached anew. */
  tracksVersion: number;
  speaking: ReadonlySet<string>;
  /** Push to talk is held. */
  talking: boolean;
  hand: boolean;
  soundBlocked: boolean;
  layout: 'grid' | 'spotlight';
  /** Key of the tile that stays large. */
  pinned: string | null;
  /** The stage is in sight; otherwise the room's talk is, and the call goes on. */
  stage: boolean;
  side: 'chat' | 'people' | 'statistics' | null;
  /** How loud somebody is for this listener, by id; 1 where absent. */
  volumes: ReadonlyMap<string, number>;
  settings: CallSettings;
  failure: string | null;
}

/** `side` is what stands beside the stage at first: nothing where there is no place for it. */
export const noCall = (settings: CallSettings, side: CallView['side']): CallView => ({
  place: { type: 'none' },
  calls: new Map(),
  rings: [],
  ringing: null,
  missed: [],
  left: null,
  capture: NOTHING_CAPTURED,
  tracksVersion: 0,
  speaking: new Set(),
  talking: false,
  hand: false,
  soundBlocked: false,
  layout: 'grid',
  pinned: null,
  stage: false,
  side,
  volumes: new Map(),
  settings,
  failure: null,
});
