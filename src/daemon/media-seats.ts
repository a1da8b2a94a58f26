import { ChatterError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { type Frame, setStream } from '../media/frame.js';
import type { Room } from '../room/room.js';
import type { Consumption } from '../room/room-call.js';
import type { CallInfo, MediaEvent, MediaParams, MediaResult } from './call-api.js';
import type { CallView } from './call-view.js';

/** How a seat reaches the page that sits in it. */
export interface Sitter {
  event(event: MediaEvent): void;
  /** A frame whose stream is the consumer's number; `bytes` are the sitter's own. */
  frame(frame: Frame, bytes: Uint8Array): void;
  /** Another one has the call: nothing more is to be heard. */
  moved(): void;
}

/** What seats need of the node's calls. */
export type SeatedCalls = Pick<CallView, 'room' | 'personHere' | 'leaveOthers' | 'info' | 'paths'>;

/**
 * Who has this node's call: one seat shows and hears, others may watch beside it.
 *
 * 1. The node is in a call as long as somebody sits in it, and leaves it with the last one.
 * 2. One seat at most shows anything: it can be taken over, never shared.
 */
export class MediaSeats {
  readonly #calls: SeatedCalls;
  readonly #seated = new Set<MediaSeat>();

  constructor(calls: SeatedCalls) {
    this.#calls = calls;
  }

  get calls(): SeatedCalls {
    return this.#calls;
  }

  seat(sitter: Sitter): MediaSeat {
    return new MediaSeat(this, sitter);
  }

  /** Throws CALL_ELSEWHERE (Invariant 2). */
  sit(seat: MediaSeat, room: Room, { watch, move }: { watch: boolean; move: boolean }): void {
    const others = [...this.#seated].filter((other) => other !== seat);
    const holder = others.find((other) => !other.watching);
    const elsewhere = others.some((other) => other.room !== room);
    if (!watch && holder && !move) throw new ChatterError('CALL_ELSEWHERE');
    // Who watches does not carry off a call that somebody else is in.
    if (watch && elsewhere) throw new ChatterError('CALL_ELSEWHERE');
    for (const other of others) if (other === holder || other.room !== room) other.giveUp();
    this.#calls.leaveOthers(room);
    this.#seated.add(seat);
  }

  stand(seat: MediaSeat): void {
    const { room } = seat;
    this.#seated.delete(seat);
    if (room && ![...this.#seated].some((other) => other.room === room)) room.call.leave(); // Invariant 1
  }
}

/** One media socket's part in a call: what it shows and what it sees. */
export class MediaSeat {
  readonly #seats: MediaSeats;
  readonly #sitter: Sitter;
  readonly #consumers = new Map<number, Consumption>();
  readonly #producers = new Set<number>();
  #nextConsumer = 1;
  #room: Room | null = null;
  #watching = false;
  #off: (() => void)[] = [];

  constructor(seats: MediaSeats, sitter: Sitter) {
    this.#seats = seats;
    this.#sitter = sitter;
  }

  get room(): Room | null {
    return this.#room;
  }

  get watching(): boolean {
    return this.#watching;
  }

  join({ room: ref, to, decodes, move = false, watch = false }: MediaParams<'join'>): CallInfo {
    const { calls } = this.#seats;
    const room = calls.room(ref);
    const direct = to === undefined ? null : calls.personHere(room, to);
    if (watch && room.call.joined && room.call.joined.direct !== direct)
      throw new ChatterError('CALL_ELSEWHERE');
    const again = this.#room === room && room.call.joined?.direct === direct;
    if (this.#room && !again) this.leave();
    this.#seats.sit(this, room, { watch, move });
    this.#room = room;
    this.#watching = watch;
    const call = (watch && room.call.joined) || room.call.join({ direct, decodes });
    if (!again) this.#listen(room);
    if (direct && !watch) room.call.ring(direct);
    return calls.info(room, call);
  }

  /** May be called any number of times. */
  leave(): void {
    const room = this.#room;
    if (!room) return;
    for (const off of this.#off.splice(0)) off();
    for (const consumer of this.#consumers.values()) consumer.close();
    this.#consumers.clear();
    if (room.call.joined) for (const producer of this.#producers) room.call.closeTrack(producer);
    this.#producers.clear();
    this.#seats.stand(this);
    this.#room = null;
  }

  /** Another seat takes the call over. */
  giveUp(): void {
    // The call goes on: only this seat's part of it ends.
    for (const off of this.#off.splice(0)) off();
    this.leave();
    this.#sitter.moved();
  }

  hand({ up }: MediaParams<'hand'>): void {
    this.#shows().call.raiseHand(up);
  }

  produce({
    kind,
    codec,
    encodings = 1,
    width = 0,
    height = 0,
  }: MediaParams<'produce'>): MediaResult<'produce'> {
    const { id, stream } = this.#shows().call.produce({ kind, codec, encodings, width, height });
    this.#producers.add(stream);
    return { producer: stream, track: id };
  }

  closeProducer({ producer }: MediaParams<'close-producer'>): void {
    if (!this.#producers.delete(producer)) throw new ChatterError('TRACK_UNKNOWN');
    this.#shows().call.closeTrack(producer);
  }

  pauseProducer({ producer, paused }: MediaParams<'pause-producer'>): void {
    this.#shows().call.pause(producer, paused);
  }

  consume({ track, paused = false }: MediaParams<'consume'>): MediaResult<'consume'> {
    const { call } = this.#inCall();
    if (this.#consumers.size >= LIMITS.mediaConsumers) throw new ChatterError('TRACKS_LIMIT');
    const found = call.track(track);
    if (!found) throw new ChatterError('TRACK_UNKNOWN');
    const consumer = this.#nextConsumer;
    this.#nextConsumer = (this.#nextConsumer % (2 ** 16 - 1)) + 1;
    const consumption = call.consume(
      track,
      {
        onFrame: (frame, bytes) => {
          const own = bytes.slice();
          setStream(own, consumer);
          this.#sitter.frame(frame, own);
        },
        onClosed: () => {
          if (this.#consumers.delete(consumer)) this.#sitter.event({ event: 'consumer-closed', consumer });
        },
      },
      { paused },
    );
    this.#consumers.set(consumer, consumption);
    return { consumer, kind: found.kind, codec: found.codec };
  }

  closeConsumer({ consumer }: MediaParams<'close-consumer'>): void {
    this.#consumer(consumer).close();
    this.#consumers.delete(consumer);
  }

  setConsumer({ consumer, paused, small, temporal }: MediaParams<'set-consumer'>): void {
    this.#consumer(consumer).set({ paused, small, layer: temporal });
  }

  key({ consumer }: MediaParams<'key'>): void {
    this.#consumer(consumer).key();
  }

  /** A key frame is wanted for this consumer, from which its frames go on. */
  keyFor(consumer: number): void {
    this.#consumers.get(consumer)?.key();
  }

  stats(): MediaResult<'stats'> {
    const room = this.#inCall();
    const producers = room.call.rates.map(({ stream, small, active, bitrateBps }) => ({
      producer: stream,
      small,
      active,
      bitrateBps,
    }));
    return { peers: this.#seats.calls.paths(room), producers };
  }

  /** A frame of one's own. Throws ProtocolError if it is none. */
  send(bytes: Uint8Array): void {
    if (this.#room && !this.#watching) this.#room.call.send(bytes);
  }

  #listen(room: Room): void {
    const { call } = room;
    this.#off.push(
      call.on('change', (change) => {
        if (change.type === 'changed' && change.call.joined)
          this.#sitter.event({ event: 'call', info: this.#seats.calls.info(room, change.call) });
      }),
      call.on('out', () => this.#onOut()),
    );
    if (this.#watching) return;
    this.#off.push(
      call.on('rate', ({ stream, small, active, bitrateBps, skip, layer }) =>
        this.#sitter.event({
          event: 'rate',
          producer: stream,
          encoding: small ? 1 : 0,
          active,
          bitrateBps,
          skip,
          temporal: layer,
        }),
      ),
      call.on('key', ({ stream, small }) =>
        this.#sitter.event({ event: 'key', producer: stream, encoding: small ? 1 : 0 }),
      ),
    );
  }

  /** The room was left, or the call was, by somebody else's doing. */
  #onOut(): void {
    for (const off of this.#off.splice(0)) off();
    this.#consumers.clear();
    this.#producers.clear();
    this.#seats.stand(this);
    this.#room = null;
    this.#sitter.event({ event: 'ended' });
  }

  #inCall(): Room {
    if (!this.#room) throw new ChatterError('CALL_UNKNOWN', { message: 'This window is in no call.' });
    return this.#room;
  }

  #shows(): Room {
    const room = this.#inCall();
    if (this.#watching) throw new ChatterError('CALL_ELSEWHERE', { message: 'Who watches shows nothing.' });
    return room;
  }

  #consumer(consumer: number): Consumption {
    const found = this.#consumers.get(consumer);
    if (!found) throw new ChatterError('TRACK_UNKNOWN');
    return found;
  }
}
