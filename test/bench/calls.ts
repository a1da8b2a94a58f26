import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { MAIN } from '../hosts/hosts.js';
import { processorSeconds } from './processor.js';

/**
 * A camera's pictures from the pixel in one browser to the pixel in another, by Chatter and by RTCPeerConnection in the
 * same pages and the same run: two nodes, two browsers, one machine. Each picture carries the time at which it was
 * drawn, as black and white squares; it is read again where it is shown. `main.ts` starts it on a network of its own.
 */
const SECONDS = Number(process.env.SECONDS ?? 8);
const CHROMIUM = '/usr/bin/chromium';
const ROOM = 'bench';

const CASES = ['h264', 'vp9', 'av1'].flatMap((codec) =>
  ([480, 720] as const).map((lines) => ({ codec, lines, width: lines === 480 ? 640 : 1280 })),
);
/** Bits a second that Chatter's encoder takes for these sizes; the other is allowed as many. */
const BITRATES = { 480: 691_000, 720: 2_073_000 } as const;
const MIME_TYPES: Record<string, string> = { h264: 'video/H264', vp9: 'video/VP9', av1: 'video/AV1' };

/** The camera of a page: a canvas with a clock in it, something that moves, and noise. */
const CAMERA = (width: number, height: number) => `
  const draw = (canvas) => {
    const context = canvas.getContext('2d', { alpha: false });
    const noise = context.createImageData(160, 120);
    let turn = 0;
    return () => {
      turn++;
      for (let i = 0; i < noise.data.length; i += 4) {
        noise.data[i] = noise.data[i + 1] = noise.data[i + 2] = 90 + ((i * 7 + turn * 13) % 40);
        noise.data[i + 3] = 255;
      }
      context.fillStyle = '#456';
      context.fillRect(0, 0, ${width}, ${height});
      context.putImageData(noise, 40, 100);
      context.fillStyle = '#c84';
      context.fillRect((turn * 5) % ${width}, 260, ${width} / 3, 120);
      const now = Math.round(performance.timeOrigin + performance.now()) % 2 ** 20;
      for (let bit = 0; bit < 20; bit++) {
        context.fillStyle = (now >> bit) & 1 ? '#fff' : '#000';
        context.fillRect(bit * 24, 0, 24, 24);
      }
    };
  };
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    if (!wanted.video) return real(wanted);
    const canvas = document.createElement('canvas');
    canvas.width = ${width};
    canvas.height = ${height};
    setInterval(draw(canvas), 1000 / 30);
    return canvas.captureStream(30);
  };`;

/** Reads the clock in each picture that a video shows; resolves to how old they were, in milliseconds. */
const READ = (video: string) => `new Promise((done) => {
  const video = ${video};
  const canvas = new OffscreenCanvas(480, 24);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const ages = [];
  let handle = 0;
  const onPicture = () => {
    const now = performance.timeOrigin + performance.now();
    handle = video.requestVideoFrameCallback(onPicture);
    const scale = video.videoWidth / window.__width;
    context.drawImage(video, 0, 0, 480 * scale, 24 * scale, 0, 0, 480, 24);
    const { data } = context.getImageData(0, 12, 480, 1);
    let then = 0;
    for (let bit = 0; bit < 20; bit++) if (data[(bit * 24 + 12) * 4] > 128) then += 2 ** bit;
    const age = (now - then + 2 ** 21) % 2 ** 20;
    if (age < 5000) ages.push(age);
  };
  handle = video.requestVideoFrameCallback(onPicture);
  setTimeout(() => {
    video.cancelVideoFrameCallback(handle);
    done(ages);
  }, ${SECONDS * 1000});
})`;

interface Figures {
  median: number;
  p95: number;
  fps: number;
  /** Of one core, in percent: browsers and nodes together. */
  cpu: number;
  /** Of the picture that is shown: WebRTC makes it smaller by itself. */
  width: number;
}

async function main(): Promise<void> {
  const folders: string[] = [];
  for (const each of CASES) await run(each, folders);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

async function run({ codec, lines, width }: (typeof CASES)[number], folders: string[]): Promise<void> {
  const nodes = [startNode(folders), startNode(folders)];
  const browsers: Browser[] = [];
  try {
    const pages: Page[] = [];
    for (const node of nodes) {
      const browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: [
          '--no-sandbox',
          '--use-fake-ui-for-media-stream',
          '--use-fake-device-for-media-stream',
          '--disable-features=WebRtcHideLocalIpsWithMdns',
        ],
      });
      browsers.push(browser);
      pages.push(await openPage(browser, await node.url, codec, lines, width));
    }
    const [a, b] = pages as [Page, Page];
    await inCall(a, b);
    const ours = await measure(b, `document.querySelector('.stage video:not(.mirrored)')`);
    await a.getByRole('button', { name: 'Leave', exact: true }).click();
    await b.getByRole('button', { name: /^Leave/ }).click();
    await byPeerConnection(a, b, codec, lines);
    const theirs = await measure(b, 'window.__peerVideo');
    const name = `${width}x${lines}@30 ${codec}`.padEnd(18);
    console.log(
      `${name} Chatter ${words(ours)}   RTCPeerConnection ${words(theirs)}   ${ratios(ours, theirs)}`,
    );
  } finally {
    for (const browser of browsers) await browser.close();
    for (const node of nodes) await node.stop();
  }
}

function startNode(folders: string[]) {
  const data = mkdtempSync(path.join(os.tmpdir(), 'chatter-bench-call-'));
  folders.push(data);
  const window = spawn(process.execPath, [MAIN, 'open', '--no-browser', '--lan-only', '--data', data]);
  let out = '';
  const url = new Promise<string>((resolve) => {
    window.stdout.on('data', (bytes: Buffer) => {
      out += bytes;
      const [, address] = /The page is at (\S+)/.exec(out) ?? [];
      if (address) resolve(address);
    });
  });
  const stop = async () => {
    const gone = new Promise((resolve) => window.once('exit', resolve));
    window.kill('SIGINT');
    await gone;
    const ending = spawn(process.execPath, [MAIN, 'stop', '--data', data], { stdio: 'ignore' });
    await new Promise((resolve) => ending.once('exit', resolve));
  };
  return { url, stop };
}

async function openPage(
  browser: Browser,
  url: string,
  codec: string,
  lines: number,
  width: number,
): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
  await page.addInitScript(`
    window.__width = ${width};
    localStorage.setItem('chatter-call-settings', JSON.stringify({ codec: '${codec}', lines: ${lines} }));
    ${CAMERA(width, lines)}`);
  await page.goto(url);
  await page.getByRole('textbox', { name: 'Room name or invite link' }).fill(ROOM);
  await page.keyboard.press('Enter');
  const warning = page.getByRole('alertdialog');
  await warning.getByText('this network only').click();
  await warning.getByRole('button', { name: 'Open anyway' }).click();
  return page;
}

/** `a` shows its camera, `b` watches, large. */
async function inCall(a: Page, b: Page): Promise<void> {
  await a.getByText('2 here').first().waitFor();
  await a.getByRole('button', { name: 'Call', exact: true }).click();
  await a.getByText('Camera is off', { exact: true }).click();
  await a.getByText('Camera is on.').waitFor();
  await a.getByRole('button', { name: /^Join with camera/ }).click();
  await b.getByRole('button', { name: 'Join', exact: true }).click();
  await b.getByRole('button', { name: 'Join to listen and watch' }).click();
  await b.getByRole('button', { name: 'Spotlight' }).click();
  await b.locator('.stage video:not(.mirrored)').waitFor();
}

/** All candidates are in the description: nothing else is exchanged. */
const GATHERED = `new Promise((done) => {
  if (window.__peer.iceGatheringState === 'complete') done();
  window.__peer.onicegatheringstatechange = () => window.__peer.iceGatheringState === 'complete' && done();
})`;

/** The same camera, by WebRTC, in the same pages. */
async function byPeerConnection(a: Page, b: Page, codec: string, lines: 480 | 720): Promise<void> {
  await a.evaluate(`(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true });
    const peer = (window.__peer = new RTCPeerConnection());
    const transceiver = peer.addTransceiver(stream.getVideoTracks()[0], {
      direction: 'sendonly',
      sendEncodings: [{ maxBitrate: ${BITRATES[lines]}, scalabilityMode: 'L1T2' }],
    });
    const { codecs } = RTCRtpSender.getCapabilities('video');
    transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === '${MIME_TYPES[codec]}'));
    await peer.setLocalDescription();
    await ${GATHERED};
  })()`);
  const offer = await a.evaluate('window.__peer.localDescription.toJSON()');
  const answer = await b.evaluate(`(async () => {
    const peer = (window.__peer = new RTCPeerConnection());
    const video = (window.__peerVideo = document.createElement('video'));
    video.muted = true;
    video.className = 'live-picture';
    document.body.append(video);
    peer.ontrack = ({ track }) => {
      video.srcObject = new MediaStream([track]);
      void video.play();
    };
    await peer.setRemoteDescription(${JSON.stringify(offer)});
    await peer.setLocalDescription(await peer.createAnswer());
    await ${GATHERED};
    return peer.localDescription.toJSON();
  })()`);
  await a.evaluate(`window.__peer.setRemoteDescription(${JSON.stringify(answer)})`);
}

async function measure(page: Page, video: string): Promise<Figures> {
  await sleep(4_000); // encoders and rate controls have settled
  const before = processorSeconds();
  const ages = (await page.evaluate(READ(video))) as number[];
  const cpu = ((processorSeconds() - before) / SECONDS) * 100;
  const width = (await page.evaluate(`${video}.videoWidth`)) as number;
  const sorted = ages.sort((x, y) => x - y);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95), fps: ages.length / SECONDS, cpu, width };
}

const words = ({ median, p95, fps, cpu, width }: Figures) =>
  `${median.toFixed(0)}/${p95.toFixed(0)} ms, ${width} wide, ${fps.toFixed(1)} fps, ${cpu.toFixed(0)} % of one core`;

const ratios = (ours: Figures, theirs: Figures) =>
  `median ${(ours.median / theirs.median).toFixed(2)} x, p95 ${(ours.p95 / theirs.p95).toFixed(2)} x`;

await main();
