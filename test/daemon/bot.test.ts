import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Person } from '../support/command.js';
import { onOwnNetwork } from '../support/on-own-network.js';

if (await onOwnNetwork(t, import.meta.url)) {
  t.test('the bot of src/daemon/README.md answers in a room, as it stands there', async (t) => {
    const [, source = ''] =
      /## A bot\n[\s\S]*?```js\n([\s\S]*?)```/.exec(readFileSync('src/daemon/README.md', 'utf8')) ?? [];
    t.ok(source.split('\n').length < 20, 'it is short');
    const bot = path.join(t.testdir({ 'bot.mjs': source }), 'bot.mjs');
    const [one, two] = [new Person(t), new Person(t)];
    const where = ['--reach', 'here', '--lan-only', '--yes'];
    const host = one.start(['join', 'lab', '--json', ...where], { timeout: 60_000 });
    await host.until(/"type":"joined"/, 60_000);
    const { dataFolder } = await one.ask<{ dataFolder: string }>('status');
    const runs = one.spawn(process.execPath, [bot, dataFolder, 'lab'], { timeout: 60_000 });
    const asks = two.start(['join', 'lab', '--json', ...where], { timeout: 60_000 });
    await asks.until(/"type":"peer-joined"|"members":\[\{/, 60_000);
    asks.write('ping\n');
    await asks.until(/"text":"pong"/, 60_000);
    t.match(asks.out, /"text":"pong"/);
    await runs.kill('SIGTERM');
    await asks.kill('SIGINT');
    await host.kill('SIGINT');
  });
}
