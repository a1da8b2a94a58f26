import type { ChildProcess } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Host, MAIN } from '../hosts/hosts.js';

const CHROMIUM = '/usr/bin/chromium';
export const ROOM = 'bench';
const PORT = '4711';

export interface CallPagesOptions {
  /** Runs in each page before its own. */
  script: string;
  /** The second host's, where multicast does not find it: the way to it is TCP. */
  address?: string;
  /** A node of a DHT by which they find each other: the way is UDX. */
  bootstrap?: string;
}

/** Two nodes and two browsers on two hosts, with the page of each node open in a room that both are in. */
export class CallPages {
  readonly pages: readonly [Page, Page];
  readonly #browsers: readonly Browser[];
  readonly #windows: readonly ChildProcess[];

  private constructor(
    pages: readonly [Page, Page],
    browsers: readonly Browser[],
    windows: readonly ChildProcess[],
  ) {
    this.pages = pages;
    this.#browsers = browsers;
    this.#windows = windows;
  }

  static async open(
    hosts: readonly [Host, Host],
    { script, address, bootstrap }: CallPagesOptions,
  ): Promise<CallPages> {
    const browsers: Browser[] = [];
    const windows: ChildProcess[] = [];
    const pages: Page[] = [];
    for (const [i, host] of hosts.entries()) {
      const peer = address && i === 0 ? ['--peer', `${address}:${PORT}`] : [];
      const ways = bootstrap
        ? ['--reach', 'anywhere', '--no-lan', '--bootstrap', bootstrap]
        : ['--reach', 'here', '--lan-only', '--listen', PORT, ...peer];
      const { window, url } = await openNode(host, dataOf(host), ways);
      windows.push(window);
      const browser = await openBrowser(host);
      browsers.push(browser);
      pages.push(await openPage(browser, url, script));
    }
    const [a, b] = pages as [Page, Page];
    await a.getByText('2 here').first().waitFor();
    return new CallPages([a, b], browsers, windows);
  }

  async close(): Promise<void> {
    for (const browser of this.#browsers) await browser.close();
    for (const window of this.#windows) window.kill('SIGKILL');
  }
}

export const dataOf = (host: Host) => path.join(host.folder, 'data');

/** A node in the room, by the command that opens its page. */
export async function openNode(
  host: Host,
  data: string,
  options: readonly string[],
): Promise<{ window: ChildProcess; url: string }> {
  const args = ['open', ROOM, '--yes', '--no-browser', '--data', data, ...options];
  const window = host.spawn(process.execPath, [MAIN, ...args]);
  let out = '';
  const url = await new Promise<string>((resolve, reject) => {
    window.once('exit', () => reject(new Error(`the node did not start: ${out}`)));
    for (const stream of [window.stdout, window.stderr])
      stream?.on('data', (bytes: Buffer) => {
        out += bytes;
        const [, address] = /The page is at (\S+)/.exec(out) ?? [];
        if (address) resolve(address);
      });
  });
  return { window, url };
}

/** A browser on this host: a script puts it there. */
export function openBrowser(host: Host): Promise<Browser> {
  const script = path.join(host.folder, 'chromium');
  writeFileSync(script, `#!/bin/sh\nexec ip netns exec ${host.namespace} ${CHROMIUM} "$@"\n`);
  chmodSync(script, 0o755);
  return chromium.launch({
    executablePath: script,
    args: [
      '--no-sandbox',
      '--autoplay-policy=no-user-gesture-required',
      '--disable-features=WebRtcHideLocalIpsWithMdns',
    ],
  });
}

/** A window with a node's page. */
export async function openPage(browser: Browser, url: string, script: string): Promise<Page> {
  const context = await browser.newContext({
    bypassCSP: true,
    permissions: ['camera', 'microphone'], // or WebRTC would use no address of this network
    viewport: { width: 1440, height: 1000 },
  });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  await page.addInitScript(script);
  await page.goto(url);
  return page;
}
