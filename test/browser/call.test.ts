import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';

import t, { type Test } from 'tap';
import { MAIN } from '../hosts/hosts.js';
import { Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { isAccessible, joinOpen, launch, open, PATIENCE_MS, shot, until } from '../support/page.js';

/** Somebody else's picture moves. */
const SEES = `[...document.querySelectorAll('.stage video:not(.mirrored)')].some((video) => video.videoWidth > 0 && video.currentTime > 0)`;
/** Capture, as the browser says it: whether any track that this page was given is live. */
const COUNT_TRACKS = `
  window.__tracks = [];
  for (const name of ['getUserMedia', 'getDisplayMedia']) {
    const real = navigator.mediaDevices[name].bind(navigator.mediaDevices);
    navigator.mediaDevices[name] = async (...args) => {
      const stream = await real(...args);
      window.__tracks.push(...stream.getTracks());
      return stream;
    };
  }`;
const LIVE = `window.__tracks.filter(({ readyState }) => readyState === 'live').length`;
/** How large a shared screen is seen, in percent of its own pixels. */
const SEEN_PERCENT = `(() => {
  const video = document.querySelector('.tile.screen video');
  const { clientWidth, clientHeight } = video.closest('.screen-frame');
  const fitted = Math.min(clientWidth / video.videoWidth, clientHeight / video.videoHeight);
  return Math.round(100 * fitted * devicePixelRatio);
})()`;
/** Buttons of the stage that a click would not reach, since something lies over them. */
const COVERED = `[...document.querySelectorAll('.stage-head button, .controls button')]
  .filter((button) => button.offsetParent)
  .filter((button) => {
    const { left, top, width, height } = button.getBoundingClientRect();
    return !button.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  })
  .map((button) => button.getAttribute('aria-label') ?? button.textContent)`;
/** A browser without the ways of Chromium: pictures come by a video element and a canvas, sound by worklets. */
const WITHOUT_TRACK_STREAMS =
  'delete window.MediaStreamTrackProcessor; delete window.MediaStreamTrackGenerator;';

/** A tab of this person's node, in the room. */
async function enter(t: Test, browser: Browser, person: Person, colorScheme: 'light' | 'dark', script = '') {
  const opened = await open(t, browser, person, {
    context: { colorScheme },
    script: `${COUNT_TRACKS}\n${script}`,
  });
  await joinOpen(opened.page, 'lab');
  return opened;
}

/** A machine without a browser: what is shown goes into files, which `page` and ffprobe can read. */
async function seenWithoutBrowser(t: Test, person: Person, page: Page): Promise<void> {
  const place = (name: string) => `${person.home}/${name}`;
  const command = (...args: string[]) => person.start([...args, '--lan-only'], { timeout: 60_000 });
  const shot = await command('shot', 'lab', '--json').end();
  const { path: file, kind, codec, width, height } = JSON.parse(shot.out) as Record<string, string>;
  t.same([kind, codec], ['screen', 'av1'], 'a screen rather than the camera');
  const picture = readFileSync(place(file as string)).toString('base64');
  const shown = await page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob('${picture}'), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/avif' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    return [bitmap.width, bitmap.height, [...context.getImageData(bitmap.width / 2, 40, 1, 1).data]];
  })()`);
  const [, , [red, green, blue]] = shown as [number, number, [number, number, number]];
  t.same((shown as unknown[]).slice(0, 2), [width, height], 'the picture file can be read');
  t.ok(green > 100 && red < 40 && blue < 40, `and its colours are those of the screen: ${shown}`);
  const again = await command('shot', 'lab', '--out', file as string).end();
  t.equal(again.code, 2, 'a file that is there is not written over');

  const talk = command('join', 'lab', '--commands');
  await talk.until(/Here: /, PATIENCE_MS);
  const { out } = await talk.end('/call\n');
  t.match(
    out,
    /In the call:\n( {2}.+\n)* {2}.+camera \d+ × \d+ H264.*screen \d+ × \d+ AV1/,
    'and is told of in words',
  );

  const watch = command('watch', 'lab', '--kind', 'camera', '--out', 'camera.ivf');
  await watch.until(/camera: /, PATIENCE_MS);
  while (!existsSync(place('camera.ivf')) || statSync(place('camera.ivf')).size < 30_000)
    await page.waitForTimeout(50);
  t.equal((await watch.kill('SIGINT')).code, 0);
  const ivf = readFileSync(place('camera.ivf'));
  t.equal(ivf.toString('latin1', 0, 12), 'DKIF\0\0 \0H264');
  const probe = ['-v', 'error', '-count_frames', '-show_streams', '-of', 'json', place('camera.ivf')];
  const { error, stdout, stderr } = spawnSync('ffprobe', probe, { encoding: 'utf8' });
  if (error) return t.comment('ffprobe is not there');
  t.equal(stderr, '', 'every frame can be decoded');
  const [stream] = (JSON.parse(stdout) as { streams: Record<string, string | number>[] }).streams;
  t.match(stream, { codec_name: 'h264' });
  t.ok(Number(stream?.nb_read_frames) > 10, `${stream?.nb_read_frames} frames`);

  const shell = `{ "$0" "$@"; echo "watch ended with $?" >&2; } | ffmpeg -v error -i - -frames:v 10 -f framemd5 -`;
  const watching = ['--data', person.data, 'watch', 'lab', '--kind', 'camera', '--out', '-', '--lan-only'];
  const piped = person.spawn('sh', ['-c', shell, process.execPath, MAIN, ...watching], { timeout: 60_000 });
  const { code, out: digests, err } = await piped.done;
  t.equal(code, 0, 'a program that reads it can show it while it comes');
  t.equal(digests.match(/^0,/gm)?.length, 10, 'ten pictures');
  t.match(err, /watch ended with 0/, 'and when nobody reads any more it ends in peace');
}

const isOff = (page: Page, thing: 'Camera' | 'Microphone') =>
  page.getByRole('button', { name: `${thing} is off` }).click();
const control = (page: Page, name: RegExp) =>
  page.getByRole('toolbar', { name: 'Call' }).getByRole('button', { name });

if (has(t, 'chromium') && (await onOwnNetwork(t, import.meta.url))) {
  const browser = await launch(
    t,
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream=fps=20',
    '--auto-select-desktop-capture-source=Entire screen',
  );

  t.test('two pages on two nodes see and hear each other', async (t) => {
    const [one, two] = [new Person(t), new Person(t)];
    const a = await enter(t, browser, one, 'dark');
    const b = await enter(t, browser, two, 'light', WITHOUT_TRACK_STREAMS);
    await a.page.getByText('2 here').first().waitFor();

    await a.page.getByRole('button', { name: 'Call', exact: true }).click();
    await a.page.getByRole('heading', { name: 'Start a call in lab' }).waitFor();
    t.equal(await a.page.evaluate('window.__tracks.length'), 0, '[D1] nothing is captured before a click');
    t.ok(await a.page.locator('.live-strip').isHidden(), 'and no line says so');
    await isAccessible(t, a.page, 'preview, all off', ['light', 'dark']);
    await isOff(a.page, 'Camera');
    await a.page.getByText('Camera is on.').waitFor();
    await isOff(a.page, 'Microphone');
    await a.page.getByText('Microphone and camera are on.').waitFor();
    await isAccessible(t, a.page, 'preview, on', ['light', 'dark']);
    await shot(a.page, 'preview-1440-dark');
    await a.page.getByRole('button', { name: 'Join with camera and microphone' }).click();
    await a.page.getByRole('toolbar', { name: 'Call' }).waitFor();

    await b.page.getByText('Call in lab').waitFor();
    t.equal(await b.page.locator('video').count(), 0, '[D12] nothing is shown or decoded before one joins');
    await b.page.getByRole('button', { name: 'Join', exact: true }).click();
    await shot(b.page, 'preview-1440-light');
    await b.page.getByRole('button', { name: 'Join to listen and watch' }).click();
    await until(b.page, SEES);
    t.equal(await b.page.evaluate('window.__tracks.length'), 0, 'who only watches is not captured');
    await b.page.locator('.tile.speaks').first().waitFor();
    t.pass('b sees and hears a');

    await control(b.page, /^Camera/).click();
    await control(b.page, /^Unmute/).click();
    await until(a.page, SEES);
    await a.page.locator('.tile.speaks[aria-label]:not([aria-label^="You"])').waitFor();
    t.pass('a sees and hears b, whose browser has no track streams');
    await a.page.getByText('2 people').waitFor();
    await isAccessible(t, a.page, 'grid of two', ['light', 'dark']);
    await isAccessible(t, b.page, 'grid without track streams', ['dark', 'light']);
    await shot(a.page, 'call-1440-dark');
    await shot(b.page, 'call-1440-light');

    await control(b.page, /^Camera off/).click();
    await until(a.page, `!(${SEES})`);
    await control(b.page, /^Mute/).click();
    await a.page.locator('.tile[aria-label*="muted"]').waitFor();
    t.equal(await b.page.evaluate(LIVE), 0, '[D13] off is off');
    t.ok(await b.page.locator('.live-strip').isHidden());
    t.pass('a sees that b is muted');

    await control(a.page, /^Hand/).click();
    await b.page.getByText('Hand is up').waitFor();
    await a.page.getByRole('button', { name: 'Spotlight' }).click();
    await shot(a.page, 'spotlight-1440-dark');

    await control(a.page, /^Show/).click();
    await b.page.locator('.tile.screen').waitFor();
    await until(b.page, `document.querySelector('.tile.screen video')?.videoWidth > 0`);
    await a.page.getByText('a screen are on.').waitFor();
    await isAccessible(t, b.page, 'a screen', ['dark', 'light']);
    await shot(b.page, 'screen-1440-light');
    await seenWithoutBrowser(t, new Person(t), b.page);
    const shownAs = await b.page.getByRole('button', { name: /one to one/ }).textContent();
    t.equal(shownAs, `${await b.page.evaluate(SEEN_PERCENT)} %`, 'fitted, it says how large it is seen');
    await b.page.getByRole('button', { name: /one to one/ }).click();
    await b.page.getByText('One to one · drag to pan').waitFor();
    await b.page.getByRole('button', { name: 'Statistics' }).click();
    await b.page
      .getByText(/\d+ × \d+, \d+ fps/)
      .first()
      .waitFor();
    await b.page.emulateMedia({ colorScheme: 'dark' });
    await shot(b.page, 'screen-1440-dark');
    await a.page.getByRole('button', { name: 'Stop all' }).click();
    t.equal(await a.page.evaluate(LIVE), 0, '[D13] "stop all" stops all');
    await b.page.locator('.tile.screen').waitFor({ state: 'hidden' });

    await a.page.setViewportSize({ width: 360, height: 740 });
    await shot(a.page, 'call-360-dark');
    const overflow = Number(await a.page.evaluate('document.documentElement.scrollWidth - innerWidth'));
    t.ok(overflow <= 0, 'nothing sticks out at 360');
    await control(a.page, /^Unmute/).click();
    await a.page.getByText('Microphone is on.').waitFor();
    await a.page.getByRole('textbox', { name: 'Message lab' }).waitFor();
    t.same(await a.page.evaluate(COVERED), [], 'the talk beside the call covers neither head nor controls');
    await shot(a.page, 'call-chat-360-dark');
    await a.page.getByRole('button', { name: 'Chat', exact: true }).click();
    await a.page.getByRole('textbox', { name: 'Message lab' }).waitFor({ state: 'detached' });
    await control(a.page, /^Mute/).click();
    await a.page.setViewportSize({ width: 1440, height: 900 });

    await control(a.page, /^Unmute/).click();
    await a.page.getByText('Microphone is on.').waitFor();
    await a.page.reload();
    await a.page.getByText('You left the call when this page was loaded anew.').waitFor();
    t.equal(
      await a.page.evaluate('window.__tracks.length'),
      0,
      '[D13] a page that is loaded anew captures nothing',
    );
    await b.page.getByText('only you ·').waitFor();
    await a.page.getByRole('button', { name: 'Rejoin' }).click();
    await b.page.getByText('2 people').waitFor();
    await control(a.page, /^Leave/).click();
    await b.page.getByText('only you ·').waitFor();
    await control(b.page, /^Leave/).click();
    await b.page.getByRole('textbox', { name: 'Message lab' }).waitFor();
    t.same([...a.seen.problems, ...b.seen.problems], [], 'the policy was not broken');
  });
}
