import { existsSync } from 'node:fs';
import { Dht } from '../hosts/dht.js';
import { type Host, Lan } from '../hosts/hosts.js';
import { Line, type LineOptions } from '../hosts/line.js';
import { groups } from './call-groups.js';
import { screens } from './call-screens.js';
import { CallSession, type Camera, type Figures } from './call-session.js';

/**
 * A camera's pictures from the pixel in one browser to the pixel in another, and voice from microphone to ear, by
 * Chatter and by RTCPeerConnection in the same pages and the same run: two nodes, two browsers, two hosts.
 */
const SECONDS = Number(process.env.SECONDS ?? 8);
/** On a line whose rate falls and returns, each part of it. */
const PART_SECONDS = Number(process.env.PART_SECONDS ?? 15);

const SIZES = [
  { lines: 480, width: 640 },
  { lines: 720, width: 1280 },
  { lines: 1080, width: 1920 },
];
const PLAIN: Camera = { codec: 'h264', lines: 480, width: 640 };
/** More than the narrowest line carries. */
const BUSY: Camera = { codec: 'h264', lines: 720, width: 1280, busy: true };

interface Trouble {
  name: string;
  line: LineOptions | null;
  copies: boolean;
  /** They meet by a DHT: the way between them is UDX, as on the Internet, and not TCP. */
  far?: boolean;
  /** Mbit/s that the line falls to, and rises from again. */
  fallsTo?: number;
}

const TROUBLES: readonly Trouble[] = [
  { name: 'no limit, copy', line: null, copies: true },
  ...[true, false].flatMap((far): Trouble[] => {
    const way = far ? 'udx' : 'tcp';
    return [
      { name: `3 Mbit/s 60 ms 1 %, copy, ${way}`, line: line(3, 60, 1), copies: true, far },
      { name: `20 Mbit/s 100 ms 3 %, ${way}`, line: line(20, 100, 3), copies: false, far },
      { name: `10, 1, 10 Mbit/s 40 ms, ${way}`, line: line(10, 40, 0), copies: false, far, fallsTo: 1 },
    ];
  }),
];

function line(mbit: number, roundTripMs: number, lossPercent: number): LineOptions {
  return { mbit, roundTripMs, lossPercent, queueMs: 300 };
}

/** With `words`, such as `h264` and `480`, only the cases that bear them all; `stages` says where the milliseconds go. */
export async function calls(asked: readonly string[] = []): Promise<void> {
  if (!existsSync('/usr/bin/chromium')) return console.log('calls: skipped, there is no Chromium');
  const words = asked.filter((word) => word !== 'stages');
  const stages = words.length < asked.length;
  const wanted = (name: string) => words.every((word) => name.includes(word));
  for (const codec of ['h264', 'vp9', 'av1']) {
    for (const size of SIZES) {
      const name = `${size.width}x${size.lines}@30 ${codec}`;
      if (wanted(name)) await run({ name, line: null, copies: false }, { codec, ...size }, stages);
    }
  }
  for (const trouble of TROUBLES)
    if (wanted(trouble.name)) await run(trouble, trouble.fallsTo === undefined ? PLAIN : BUSY, stages);
  await screens(wanted);
  await groups(wanted);
}

async function run(
  { name, line: options, copies, far = false, fallsTo }: Trouble,
  camera: Camera,
  stages: boolean,
): Promise<void> {
  const line = options ? await Line.open(options) : null;
  const lan = line ? null : new Lan(2);
  const hosts = line?.hosts ?? (lan?.hosts as [Host, Host]);
  try {
    const address = line?.addresses[1];
    const bootstrap = far ? (await Dht.start(hosts[1], address)).bootstrap : undefined;
    const session = await CallSession.open(hosts, camera, { address, bootstrap, stages });
    try {
      if (copies) await session.startCopy();
      const falls = () => {
        if (fallsTo === undefined || !options) return;
        setTimeout(() => line?.limit(fallsTo), PART_SECONDS * 1000);
        setTimeout(() => line?.limit(options.mbit), 2 * PART_SECONDS * 1000);
      };
      const seconds = fallsTo === undefined ? SECONDS : 3 * PART_SECONDS;
      const ours = await session.ours(seconds, falls);
      const theirs = await session.theirs(seconds, falls);
      console.log(`${name}\n  Chatter ${words(ours)}\n  WebRTC  ${words(theirs)}\n  ${ratios(ours, theirs)}`);
      if (ours.stages) console.log(`  ${ours.stages}`);
      if (fallsTo !== undefined)
        for (const [who, figures] of [
          ['Chatter', ours],
          ['WebRTC ', theirs],
        ] as const)
          console.log(`  ${who} second by second, ms (pictures) Mbit/s: ${bySecond(figures)}`);
    } finally {
      await session.close();
    }
  } finally {
    line?.close();
    lan?.close();
  }
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const quantile = (values: readonly number[], q: number) => {
  const order = sorted(values);
  return order[Math.min(order.length - 1, Math.floor(order.length * q))] ?? Number.NaN;
};
const ages = ({ pictures }: Figures) => pictures.map(({ age }) => age);

function words(figures: Figures): string {
  const { pictures, sounds, width, cpu, idle, lineBps, copyBps } = figures;
  const span = ((pictures.at(-1)?.at ?? 0) - (pictures[0]?.at ?? 0)) / 1000;
  const freeze = Math.max(0, ...pictures.slice(1).map(({ at }, i) => at - (pictures[i]?.at ?? at)));
  const at = (values: readonly number[], q: number) => quantile(values, q).toFixed(0);
  const behind = quantile(sounds, 0.5) - quantile(ages(figures), 0.5);
  return [
    `picture ${at(ages(figures), 0.5)}/${at(ages(figures), 0.95)} ms, ${width} wide`,
    `${(pictures.length / span).toFixed(1)} fps, longest freeze ${freeze.toFixed(0)} ms`,
    `voice ${at(sounds, 0.5)}/${at(sounds, 0.95)} ms (${sounds.length}), ${behind.toFixed(0)} ms behind the lips`,
    `line ${(lineBps / 1e6).toFixed(2)} Mbit/s${copyBps > 0 ? `, of it file ${(copyBps / 1e6).toFixed(2)}` : ''}`,
    `${cpu.toFixed(0)} % of one core, ${idle.toFixed(0)} % idle`,
  ].join('; ');
}

const ratios = (ours: Figures, theirs: Figures) => {
  const ratio = (q: number) => (quantile(ages(ours), q) / quantile(ages(theirs), q)).toFixed(2);
  return `picture median ${ratio(0.5)} x, p95 ${ratio(0.95)} x`;
};

function bySecond({ pictures, lineBySecond }: Figures): string {
  const start = pictures[0]?.at ?? 0;
  const seconds = Math.ceil(((pictures.at(-1)?.at ?? 0) - start) / 1000);
  return Array.from({ length: seconds }, (_, second) => {
    const shown = pictures.filter(({ at }) => Math.floor((at - start) / 1000) === second);
    return `${quantile(
      shown.map(({ age }) => age),
      0.5,
    ).toFixed(0)} (${shown.length}) ${((lineBySecond[second] ?? Number.NaN) / 1e6).toFixed(1)}`;
  }).join(', ');
}
