import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import type { Test } from 'tap';
import { type Host, Lan } from '../hosts/hosts.js';
import { type Command, Person } from '../support/command.js';
import { joinOpen, LONG_MS, launch, open, settled } from '../support/page.js';

/**
 * `npm run screens`: the pictures of `test/browser/reference`, made anew from three real nodes on a network of their
 * own. They are to be looked at when something changes; nothing compares them by pixels. `SCREENS=all` makes every one
 * of them in every width and both themes instead, beside the tests' own in `.tap/screens`.
 */
const INSIDE = 'CHATTER_SCREENS_INSIDE';
const ALL = process.env.SCREENS === 'all';
const FOLDER = path.resolve(ALL ? '.tap/screens/all' : 'test/browser/reference');
const SIZES = { 1440: 900, 900: 700, 360: 740 } as const;

type Width = keyof typeof SIZES;
type Theme = 'light' | 'dark';

const WIDTHS = [1440, 900, 360] as const;
const THEMES = ['light', 'dark'] as const;

async function main(): Promise<void> {
  const undo: (() => unknown)[] = [];
  try {
    // People and browsers want somebody who takes them back, as a test does.
    await scene({ teardown: (fn: () => unknown) => void undo.push(fn) } as unknown as Test);
  } finally {
    for (const fn of undo.reverse()) await fn();
  }
}

async function scene(t: Test): Promise<void> {
  const browser = await launch(t);
  const [heron, otter, fox] = [new Person(t), new Person(t), new Person(t)];
  await heron.run(['--lan-only', 'set', 'name', 'Blue Heron']);
  const { page } = await open(t, browser, heron);
  const shootOne = async (name: string, width: Width, theme: Theme) => {
    await page.setViewportSize({ width, height: SIZES[width] });
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await settled(page);
    await page.screenshot({ path: path.join(FOLDER, `${name}-${width}-${theme}.png`) });
  };
  const done = new Set<string>();
  const shoot = async (name: string, width: Width, theme: Theme) => {
    if (!ALL) return shootOne(name, width, theme);
    if (done.has(name)) return;
    done.add(name);
    for (const each of WIDTHS) for (const other of THEMES) await shootOne(name, each, other);
    await page.setViewportSize({ width: 1440, height: SIZES[1440] });
  };
  mkdirSync(FOLDER, { recursive: true });

  await page.getByRole('heading', { name: /^You are / }).waitFor();
  await shoot('first', 1440, 'light');
  await shoot('first', 360, 'dark');
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole('textbox', { name: 'Room name or invite link' }).fill('lab');
  await page.keyboard.press('Enter');
  await page.getByRole('alertdialog').waitFor();
  await shoot('warning', 1440, 'light');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await joinOpen(page, 'lab');
  await page.getByRole('heading', { name: 'Nobody else is here yet' }).waitFor();
  await shoot('alone', 1440, 'dark');
  await shoot('alone', 360, 'light');
  await page.setViewportSize({ width: 1440, height: 900 });

  const windows = [enter(otter, 'Green Otter'), enter(fox, 'Amber Fox')] as const;
  await page.getByText('3 here').first().waitFor();
  await talk(page, ...windows);
  await files(page, otter, fox);
  await page.mouse.move(0, 0); // else the tools of the message that it is over are in the picture
  await page.getByRole('button', { name: 'lab 3 here' }).waitFor(); // all is read
  for (const [width, theme] of [
    [1440, 'light'],
    [1440, 'dark'],
    [900, 'dark'],
    [360, 'light'],
  ] as const)
    await shoot('room', width, theme);
  await page.setViewportSize({ width: 1440, height: 900 });

  await page.getByRole('button', { name: 'Files', exact: true }).click();
  const tree = page.getByRole('tree', { name: 'Shared files' });
  await tree.getByRole('treeitem', { name: /^Green Otter/ }).click();
  await tree.getByRole('treeitem', { name: /^scans/ }).click();
  await tree.getByRole('treeitem', { name: /^board-front/ }).waitFor();
  await shoot('files', 1440, 'light');
  await shoot('files', 900, 'dark');
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole('button', { name: 'Files', exact: true }).click();
  await page.getByRole('tab', { name: /^People/ }).click();
  await page
    .getByRole('button', { name: /^Green Otter/ })
    .first()
    .click();
  await page.getByText('Safety number').waitFor();
  await shoot('person', 1440, 'light');
  await page.keyboard.press('Escape');
  await alone(page, heron, windows[0]);
  await shoot('direct', 1440, 'light');
  await shoot('direct', 360, 'dark');
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole('button', { name: 'Back to lab' }).click();
  await page.keyboard.press('Control+k');
  await page.getByRole('option').first().waitFor();
  await shoot('go', 1440, 'dark');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Settings' }).click();
  for (const [name, width, theme] of [
    ['Receiving', 1440, 'light'],
    ['Notifications', 1440, 'dark'],
    ['What others can see', 1440, 'light'],
    ['What others can see', 360, 'dark'],
    ['Look and keys', 900, 'light'],
  ] as const) {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole('button', { name, exact: true }).click();
    await page.getByRole('heading', { name, level: 1 }).waitFor();
    await shoot(name.toLowerCase().replaceAll(' ', '-'), width, theme);
  }
  for (const window of windows) await window.end('{quit}\n');
}

/** Joins by a terminal; what is written to it is said. */
function enter(person: Person, name: string): Command {
  return person.start(['join', 'lab', '--reach', 'here', '--json', '--name', name], { timeout: LONG_MS });
}

async function talk(page: Page, otter: Command, fox: Command): Promise<void> {
  const feed = page.getByRole('feed');
  const say = async (window: Command, text: string) => {
    window.write(`${JSON.stringify({ do: 'say', text })}\n`);
    await feed
      .getByText(text.split(/[`*@]/)[0] as string)
      .first()
      .waitFor();
  };
  await say(fox, 'Board two is up. Boot takes 1.8 s now, it was 4.1 s.');
  await say(fox, 'The trick was to read the table once: `load_map()`');
  await say(otter, 'Here is how it looks on my bench.');
  await page.getByRole('textbox', { name: 'Message lab' }).fill(CODE);
  await page.keyboard.press('Enter');
  await feed.getByText('load_map_slow').waitFor();
  await say(otter, 'can you hand me the map file, @Blue Heron? I only have version 2.');
}

/** What two write to each other alone. */
async function alone(page: Page, heron: Person, otter: Command): Promise<void> {
  await page.getByRole('button', { name: 'Write to Green Otter alone' }).first().click();
  const feed = page.getByRole('feed', { name: 'What you and Green Otter wrote' });
  await page
    .getByRole('textbox', { name: /^Message/ })
    .fill('Is the second board yours? I would not say it before the others.');
  await page.keyboard.press('Enter');
  await feed.getByText('Is the second board').waitFor();
  const { id } = await heron.ask<{ id: string }>('whoami');
  const text = 'It is. The reset line was mine too, I will tell them tomorrow.';
  otter.write(`${JSON.stringify({ do: 'dm', person: id, text })}\n`);
  await feed.getByText('The reset line').waitFor();
}

const CODE = `Good. I would keep the old path behind a switch until Friday:
\`\`\`c
if (map.version < 3)  /* boards 1 to 40 */
    return load_map_slow(&map, "/dev/mtd2");
\`\`\``;

async function files(page: Page, otter: Person, fox: Person): Promise<void> {
  const scans = path.join(otter.home, 'scans');
  mkdirSync(path.join(scans, 'firmware'), { recursive: true });
  writeFileSync(path.join(scans, 'board-front.png'), Buffer.alloc(8_400_000));
  writeFileSync(path.join(scans, 'readme.md'), Buffer.alloc(4_000));
  writeFileSync(path.join(scans, 'firmware', 'v3.bin'), Buffer.alloc(3_100_000));
  await otter.run(['share', 'lab', scans]);
  const photos = path.join(fox.home, 'photos');
  mkdirSync(photos);
  writeFileSync(path.join(photos, 'one.jpg'), Buffer.alloc(6_000_000));
  writeFileSync(path.join(photos, 'setup.exe'), Buffer.alloc(6_000_000));
  fox.start(['send', 'lab', photos], { timeout: LONG_MS });
  await page.getByRole('region', { name: 'File photos' }).getByRole('button', { name: 'Accept' }).waitFor();
}

/** Runs this file again on a host of its own, where multicast reaches nobody else. */
function onOwnNetwork(): void {
  const lan = new Lan(1);
  try {
    const [host] = lan.hosts as [Host];
    const command = ['netns', 'exec', host.namespace, process.execPath, fileURLToPath(import.meta.url)];
    const { status } = spawnSync('ip', command, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
    process.exitCode = status ?? 1;
  } finally {
    lan.close();
  }
}

if (process.env[INSIDE]) await main();
else onOwnNetwork();
