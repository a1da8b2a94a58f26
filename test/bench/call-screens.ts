import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { type Host, Lan } from '../hosts/hosts.js';
import { CallPages } from './call-pages.js';
import { ANSWER, GATHERED } from './call-scripts.js';
import { lineBytes } from './line-bytes.js';
import { processorTimes } from './processor.js';
import { COMPARE, OFFER_SCREEN, SCREEN, SHOW } from './screen-scripts.js';

/** Seconds of typing, and of scrolling. */
const SECONDS = Number(process.env.SECONDS ?? 20);
const STILLS = 5;
const STILL_MS = 1_000;
const SIZES = [
  { name: '1080', width: 1920, height: 1080, bitrateBps: 5_600_000 },
  { name: '1440', width: 2560, height: 1440, bitrateBps: 8_000_000 },
] as const;

interface Figures {
  width: number;
  /** Of each still picture one second after it came up, in dB. */
  psnr: number[];
  /** Bits a second at the watcher. */
  typingBps: number;
  scrollingBps: number;
  idle: number;
}

/** A screen of small text: how sharp it is after a second, and what typing and scrolling cost; by Chatter and by RTCPeerConnection. */
export async function screens(wanted: (name: string) => boolean): Promise<void> {
  for (const size of SIZES) {
    const name = `screen ${size.name} text`;
    if (!wanted(name)) continue;
    const lan = new Lan(2);
    try {
      const hosts = lan.hosts as [Host, Host];
      const opened = await CallPages.open(hosts, { script: SCREEN(size.width, size.height) });
      try {
        const ours = await byChatter(opened.pages, hosts[1]);
        const theirs = await byWebRtc(opened.pages, hosts[1], size.bitrateBps);
        console.log(`${name}\n  Chatter ${words(ours)}\n  WebRTC  ${words(theirs)}`);
      } finally {
        await opened.close();
      }
    } finally {
      lan.close();
    }
  }
}

async function byChatter([a, b]: readonly [Page, Page], watcher: Host): Promise<Figures> {
  await a.getByRole('button', { name: 'Call', exact: true }).click();
  await a.getByRole('button', { name: 'Join to listen and watch' }).click();
  await a.getByRole('toolbar', { name: 'Call' }).getByRole('button', { name: /^Show/ }).click();
  await b.getByRole('button', { name: 'Join', exact: true }).click();
  await b.getByRole('button', { name: 'Join to listen and watch' }).click();
  await b.locator('.tile.screen video').waitFor();
  const figures = await measure([a, b], watcher, `document.querySelector('.tile.screen video')`);
  for (const page of [a, b])
    await page
      .getByRole('toolbar', { name: 'Call' })
      .getByRole('button', { name: /^Leave/ })
      .click();
  return figures;
}

async function byWebRtc([a, b]: readonly [Page, Page], watcher: Host, bitrateBps: number): Promise<Figures> {
  const offer = await a.evaluate(OFFER_SCREEN('video/AV1', bitrateBps, GATHERED));
  const answer = await b.evaluate(ANSWER(offer));
  await a.evaluate(`window.__peer.setRemoteDescription(${JSON.stringify(answer)})`);
  return measure([a, b], watcher, 'window.__peerVideo');
}

async function measure([a, b]: readonly [Page, Page], watcher: Host, video: string): Promise<Figures> {
  await a.evaluate(SHOW('scrolling'));
  await sleep(6_000); // the rate controls have seen work
  const before = processorTimes();
  const psnr: number[] = [];
  let width = 0;
  for (let seed = 2; seed < 2 + STILLS; seed++) {
    await a.evaluate(SHOW('still', seed));
    await sleep(STILL_MS);
    const seen = (await b.evaluate(COMPARE(video, seed))) as { width: number; psnr: number };
    psnr.push(seen.psnr);
    width = seen.width;
  }
  const bps = async (mode: 'typing' | 'scrolling') => {
    await a.evaluate(SHOW(mode));
    await sleep(2_000); // the change to it is no part of it
    const [bytes, at] = [lineBytes(watcher), performance.now()];
    await sleep(SECONDS * 1000);
    return ((lineBytes(watcher) - bytes) * 8) / ((performance.now() - at) / 1000);
  };
  const typingBps = await bps('typing');
  const scrollingBps = await bps('scrolling');
  const after = processorTimes();
  return {
    width,
    psnr,
    typingBps,
    scrollingBps,
    idle: (100 * (after.idle - before.idle)) / (after.all - before.all),
  };
}

function words({ width, psnr, typingBps, scrollingBps, idle }: Figures): string {
  const sorted = [...psnr].sort((a, b) => a - b);
  const minute = (bps: number) => ((bps * 60) / 1e6).toFixed(1);
  return [
    `still for 1 s ${sorted[Math.floor(sorted.length / 2)]?.toFixed(1)} dB (least ${sorted[0]?.toFixed(1)}, n=${sorted.length}), ${width} wide`,
    `a minute of typing ${minute(typingBps)} Mbit, of scrolling ${minute(scrollingBps)} Mbit`,
    `${idle.toFixed(0)} % idle`,
  ].join('; ');
}
