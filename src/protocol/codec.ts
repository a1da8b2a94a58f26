import b4a from 'b4a';
import c, { type Encoder } from 'compact-encoding';
import { ProtocolError } from '../errors.js';

/** Encodes and decodes one type of value; the layout is compact-encoding's, the bounds are ours (PROTOCOL.md [W2]). */
export type Codec<T> = Encoder<T>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const malformed = (cause?: unknown) => new ProtocolError('MESSAGE_MALFORMED', { cause });

/** An unsigned integer from 0 to `max` (at most 2^53-1). */
export function uint(max: number): Codec<number> {
  return {
    preencode: c.uint.preencode,
    encode: c.uint.encode,
    decode(state) {
      const value = c.uint.decode(state);
      if (!Number.isSafeInteger(value) || value > max) throw malformed();
      return value;
    },
  };
}

/** Bytes of any length up to `max`. What is decoded is a view: copy it to keep it. */
export function bytes(max: number): Codec<Uint8Array> {
  const length = uint(max);
  return {
    preencode(state, value) {
      length.preencode(state, value.byteLength);
      state.end += value.byteLength;
    },
    encode(state, value) {
      length.encode(state, value.byteLength);
      state.buffer!.set(value, state.start);
      state.start += value.byteLength;
    },
    decode(state) {
      const count = length.decode(state);
      if (count > state.end - state.start) throw malformed();
      state.start += count;
      return state.buffer!.subarray(state.start - count, state.start);
    },
  };
}

/** Exactly `count` bytes, with no length in front. What is decoded is a view: copy it to keep it. */
export function fixed(count: number): Codec<Uint8Array> {
  return {
    preencode(state, value) {
      if (value.byteLength !== count) throw new RangeError(`expected ${count} bytes`);
      state.end += count;
    },
    encode(state, value) {
      state.buffer!.set(value, state.start);
      state.start += count;
    },
    decode(state) {
      if (count > state.end - state.start) throw malformed();
      state.start += count;
      return state.buffer!.subarray(state.start - count, state.start);
    },
  };
}

/** Text of up to `max` bytes. Bytes that are not well-formed UTF-8 are refused, never replaced. */
export function text(max: number): Codec<string> {
  const raw = bytes(max);
  return {
    preencode: (state, value) => raw.preencode(state, b4a.from(value)),
    encode: (state, value) => raw.encode(state, b4a.from(value)),
    decode(state) {
      const encoded = raw.decode(state);
      try {
        return utf8.decode(encoded);
      } catch (cause) {
        throw malformed(cause);
      }
    },
  };
}

/** Up to `max` items. Every item takes at least one byte, so a count cannot promise more than has arrived. */
export function list<T>(item: Codec<T>, max: number): Codec<T[]> {
  const length = uint(max);
  return {
    preencode(state, values) {
      length.preencode(state, values.length);
      for (const value of values) item.preencode(state, value);
    },
    encode(state, values) {
      length.encode(state, values.length);
      for (const value of values) item.encode(state, value);
    },
    decode(state) {
      const count = length.decode(state);
      if (count > state.end - state.start) throw malformed();
      const values: T[] = [];
      for (let i = 0; i < count; i++) {
        const before = state.start;
        values.push(item.decode(state));
        if (state.start === before) throw malformed();
      }
      return values;
    },
  };
}

/** The fields of an object, one after the other in the order given here. */
export function record<T extends object>(fields: { [K in keyof T]: Codec<T[K]> }): Codec<T> {
  const entries = Object.entries(fields) as [keyof T, Codec<T[keyof T]>][];
  return {
    preencode(state, value) {
      for (const [key, codec] of entries) codec.preencode(state, value[key]);
    },
    encode(state, value) {
      for (const [key, codec] of entries) codec.encode(state, value[key]);
    },
    decode(state) {
      const value = {} as T;
      for (const [key, codec] of entries) value[key] = codec.decode(state);
      return value;
    },
  };
}

/** Decodes all of `buffer` and nothing more; throws ProtocolError('MESSAGE_MALFORMED') for anything else. */
export function decodeAll<T>(codec: Codec<T>, buffer: Uint8Array): T {
  const state = { start: 0, end: buffer.byteLength, buffer };
  let value: T;
  try {
    value = codec.decode(state);
  } catch (cause) {
    throw cause instanceof ProtocolError ? cause : malformed(cause);
  }
  if (state.start !== state.end) throw malformed();
  return value;
}

/** A new buffer with `value` in it. */
export const encodeAll = <T>(codec: Codec<T>, value: T): Uint8Array => c.encode(codec, value) as Uint8Array;
