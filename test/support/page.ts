import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';
import type { Person } from './command.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Screens are kept here for whoever wants to look at them. */
const SHOTS = '.tap/screens';
/** What runs all the while must outlive the slowest machine's run of it all. */
export const LONG_MS = 300_000;
export const PATIENCE_MS = 40_000;

/** One Chromium for a file of tests; it ends with them. */
export async function launch(t: Test, ...args: string[]): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', ...args],
  });
  t.teardown(() => browser.close());
  mkdirSync(SHOTS, { recursive: true });
  return browser;
}

/** A tab of one person's node. */
export interface Opened {
  page: Page;
  /** The address that let it in. */
  url: string;
  /** Hosts that were asked for anything, and what went wrong in the page: both must stay what they are. */
  seen: { requests: Set<string>; problems: string[] };
}

export interface OpenOptions {
  /** Further words of `chatter open`. */
  args?: readonly string[];
  context?: BrowserContextOptions;
  /** Runs before the page's own. */
  script?: string;
}

/** The page of one person's node, in a browser profile of its own. */
export async function open(
  t: Test,
  browser: Browser,
  person: Person,
  { args = [], context: options = {}, script = '' }: OpenOptions = {},
): Promise<Opened> {
  const url = await address(t, person, args);
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  });
  t.teardown(() => context.close());
  context.setDefaultTimeout(PATIENCE_MS);
  if (script) await context.addInitScript(script);
  const page = await context.newPage();
  const seen = { requests: new Set<string>(), problems: [] as string[] };
  page.on('request', (request) => seen.requests.add(new URL(request.url()).host));
  page.on('pageerror', (err) => seen.problems.push(String(err)));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) seen.problems.push(message.text());
  });
  await page.goto(url);
  return { page, url, seen };
}

/** An address of this person's page, good once; its node stays until the test ends. */
async function address(t: Test, person: Person, args: readonly string[]): Promise<string> {
  const window = person.start(['open', '--no-browser', '--lan-only', ...args], { timeout: LONG_MS });
  t.teardown(() => window.kill('SIGINT'));
  await window.until(/The page is at (\S+)/, PATIENCE_MS);
  return /The page is at (\S+)/.exec(window.out)?.[1] as string;
}

/** Joins an open room, on this network alone, from the first screen. */
export async function joinOpen(page: Page, room: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Room name or invite link' }).fill(room);
  await page.keyboard.press('Enter');
  const warning = page.getByRole('alertdialog');
  await warning.getByText('this network only').click();
  await warning.getByRole('button', { name: 'Open anyway' }).click();
  await page.getByRole('heading', { name: room, exact: true }).waitFor();
}

/** Resolves when a fact of the page is so: an expression; the page's policy forbids to make code of text there. */
export async function until(page: Page, fact: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await page.evaluate(fact))) {
    if (Date.now() > end) throw new Error(`never: ${fact}`);
    await page.waitForTimeout(50);
  }
}

export const shot = (page: Page, name: string): Promise<Buffer> =>
  page.screenshot({ path: `${SHOTS}/${name}.png` });

/** Resolves when nothing moves, also on a page that asks for no reduced motion. */
export async function settled(page: Page): Promise<void> {
  for (let twice = 0; twice < 2; twice++) {
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    await page.evaluate(
      'Promise.allSettled(document.getAnimations().map(({ finished }) => finished)).then(() => {})',
    );
  }
}

type Theme = 'light' | 'dark';

/** Failures that axe finds, in both themes if none is named; the page stays in the last. */
export async function isAccessible(
  t: Test,
  page: Page,
  screen: string,
  themes: readonly Theme[] = ['light', 'dark'],
): Promise<void> {
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    await settled(page);
    await page.evaluate(AXE);
    const { violations } = (await page.evaluate('axe.run()')) as { violations: Found[] };
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    t.same(found, [], `${screen}, ${colorScheme}`);
  }
}

interface Found {
  id: string;
  nodes: { html: string }[];
}
