import type { Page } from 'playwright-core';
import type { Perceived } from './call-scripts.js';

/**
 * Where the milliseconds between two pixels go: the media workers of both pages note when each frame passes, by the
 * clock of the machine, and frames are found again by the time of their capture, which travels with them.
 */
const PROBE = `
  const wall = () => performance.timeOrigin + performance.now();
  const notes = new Map();
  const at = (key) => notes.get(key) ?? notes.set(key, {}).get(key);
  const note = (kind, us, what) => { at(kind + Math.round(us))[what] ??= wall(); };
  const VIDEO = 0x11;
  const noteBytes = (bytes, what) => {
    const view = new DataView(bytes.buffer ?? bytes, bytes.byteOffset ?? 0);
    if (view.byteLength > 24) note(view.getUint8(0) === VIDEO ? 'v' : 'a', view.getFloat64(8, true), what);
  };
  const { VideoFrame: Frame, WebSocket: Socket } = globalThis;
  globalThis.VideoFrame = class extends Frame {
    constructor(source, init) {
      super(source, init);
      if (source instanceof Frame && init && 'timestamp' in init) at('v' + init.timestamp).source ??= source.timestamp;
    }
    static [Symbol.hasInstance](thing) { return thing instanceof Frame; }
  };
  for (const [name, kind, began, ended] of [
    ['VideoEncoder', 'v', 'encode', 'encoded'], ['VideoDecoder', 'v', 'decode', 'decoded'],
    ['AudioDecoder', 'a', 'decode', 'decoded'],
  ]) {
    const Real = globalThis[name];
    const method = name.endsWith('Encoder') ? 'encode' : 'decode';
    globalThis[name] = class extends Real {
      constructor({ output, error }) {
        super({ error, output: (made, ...rest) => { note(kind, made.timestamp, ended); output(made, ...rest); } });
      }
      [method](given, ...rest) { note(kind, given.timestamp, began); super[method](given, ...rest); }
    };
  }
  globalThis.WebSocket = class extends Socket {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => { if (data instanceof ArrayBuffer) noteBytes(data, 'received'); });
    }
    send(data) {
      if (typeof data !== 'string') noteBytes(data, 'sent');
      super.send(data);
    }
  };
  const { write } = WritableStreamDefaultWriter.prototype;
  WritableStreamDefaultWriter.prototype.write = function (value) {
    if (value instanceof Frame) note('v', value.timestamp, 'written');
    return write.call(this, value);
  };
  const channel = new BroadcastChannel('stages');
  channel.onmessage = ({ data }) => {
    if (data === 'ask') channel.postMessage([...notes]);
    if (data === 'forget') notes.clear();
  };`;

/** For a page, before its own scripts: its media worker notes what passes. */
export const NOTE_STAGES = `
  const probe = URL.createObjectURL(new Blob([${JSON.stringify(PROBE)}], { type: 'text/javascript' }));
  const RealWorker = window.Worker;
  window.Worker = class extends RealWorker {
    constructor(url, options) {
      if (options?.name !== 'chatter-media') return super(url, options);
      const source = 'import "' + probe + '"; import "' + new URL(url, location.href) + '";';
      super(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), options);
    }
  };
  const stages = new BroadcastChannel('stages');
  window.__forgetStages = () => stages.postMessage('forget');
  window.__stages = () => new Promise((done) => {
    stages.onmessage = ({ data }) => { if (Array.isArray(data)) done(data); };
    stages.postMessage('ask');
  });`;

type Notes = Record<string, number>;

/** In the order in which a picture passes them; the name of each says what lies between it and the one before. */
const STAGES = [
  ['drawn', ''],
  ['encode', 'camera to encoder'],
  ['encoded', 'encoder'],
  ['sent', 'to the socket'],
  ['received', 'both nodes and the line'],
  ['decode', 'to the decoder'],
  ['decoded', 'decoder'],
  ['written', 'held for the sound'],
  ['shown', 'to the screen'],
] as const;

/** Median milliseconds of each stage, as a line. */
export async function stagesOf(pages: readonly [Page, Page], perceived: Perceived): Promise<string> {
  const [sent, seen] = (await Promise.all(pages.map((page) => page.evaluate('window.__stages()')))) as [
    [string, Notes][],
    [string, Notes][],
  ];
  const origin = Number(await pages[0].evaluate('performance.timeOrigin'));
  const received = new Map(seen);
  const shown = new Map(perceived.pictures.map(({ at, age }) => [Math.round(at - age) % 2 ** 20, at]));
  const frames = sent.flatMap(([key, { source, ...out }]) => {
    const drawn = origin + (source ?? Number.NaN) / 1000;
    const shownAt = [0, 1, -1].map((off) => shown.get((Math.round(drawn) + off) % 2 ** 20)).find(Boolean);
    const frame: Notes = { ...out, ...received.get(key), drawn, shown: shownAt ?? Number.NaN };
    return key.startsWith('v') && shownAt ? [frame] : [];
  });
  const parts = STAGES.slice(1).map(([end, name], i) => {
    const begin = STAGES[i]?.[0] as string;
    const spans = frames.map((frame) => (frame[end] ?? Number.NaN) - (frame[begin] ?? Number.NaN));
    const known = spans.filter(Number.isFinite).sort((a, b) => a - b);
    return `${name} ${(known[Math.floor(known.length / 2)] ?? Number.NaN).toFixed(1)}`;
  });
  return `stages, median ms of ${frames.length} pictures: ${parts.join(', ')}`;
}
