import { readFileSync } from 'node:fs';
import b4a from 'b4a';
import t from 'tap';
import { chatChannel } from '../../src/chat/chat-channel.js';
import { linkChannel } from '../../src/connection/link-channel.js';
import { filesChannel } from '../../src/files/files-channel.js';
import { sharesChannel } from '../../src/files/shares-channel.js';
import { mediaChannel } from '../../src/media/media-channel.js';
import { type Codec, decodeAll, encodeAll } from '../../src/protocol/codec.js';
import { roomChannel } from '../../src/room/room-channel.js';

interface Golden {
  message: string;
  value: unknown;
  hex: string;
}

const golden = JSON.parse(readFileSync('test/vectors/wire.json', 'utf8')) as Record<string, Golden[]>;
const channels = [linkChannel, roomChannel, chatChannel, filesChannel, sharesChannel, mediaChannel];

/** Bytes stand in the file as `{ "$hex": "…" }`. */
const revive = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  if ('$hex' in value) return b4a.from(value.$hex as string, 'hex');
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, revive(field)]));
};

t.test(
  '[B17] every byte that is sent was written: none is left of what the memory held before',
  async (t) => {
    for (const { name, messages } of channels) {
      for (const { message, value } of golden[name] ?? []) {
        const { codec } = messages[message as keyof typeof messages] as { codec: Codec<unknown> };
        const said = revive(value);
        const onto = (filling: number) => {
          const measured = { start: 0, end: 0, buffer: null };
          codec.preencode(measured, said);
          const buffer = b4a.alloc(measured.end, filling);
          const state = { start: 0, end: measured.end, buffer };
          codec.encode(state, said);
          t.equal(state.start, state.end, `${name} ${message} fills what it measured`);
          return b4a.toString(buffer, 'hex');
        };
        t.equal(onto(0xaa), onto(0x55), `${name} ${message}`);
      }
    }
  },
);

t.test('[W1] [W2] every message of every channel is written as it always was', async (t) => {
  t.same(Object.keys(golden).sort(), channels.map(({ name }) => name).sort(), 'no channel is left out');
  for (const { name, messages } of channels) {
    const order = [...new Set(golden[name]?.map(({ message }) => message))];
    t.same(order, Object.keys(messages), `${name}: each message, in the order that is its number`);
    for (const { message, value, hex } of golden[name] ?? []) {
      const { codec, maxBytes } = messages[message as keyof typeof messages] as (typeof messages)[never];
      const said = revive(value);
      const bytes = encodeAll(codec, said as never);
      t.equal(b4a.toString(bytes, 'hex'), hex, `${name} ${message}`);
      t.same(decodeAll(codec, b4a.from(hex, 'hex')), said, `${name} ${message} read`);
      t.ok(bytes.byteLength <= maxBytes, `${name} ${message} fits`);
    }
  }
});
