import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type Host, Lan } from '../hosts/hosts.js';
import { enter, objects, Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { TmuxTerminal } from '../support/tmux-terminal.js';

/** What a terminal shows after the command: its exit code, and that keys are echoed and lines read as before. */
const CLEAN_END = /^exit 0 +icanon +echo/m;

if (has(t, 'root', 'ip', 'tmux')) {
  t.test('at a terminal: talk, complete, paste, scroll, resize, quit, as a person would', async (t) => {
    const lan = new Lan(2);
    t.teardown(() => lan.close());
    const [person, other] = lan.hosts.map((host) => new Person(t, host as Host)) as [Person, Person];
    const terminal = new TmuxTerminal(t, person, ['join', 'lab', '--yes', '--name', '王小明']);
    await terminal.until(/ lab {2}open {3}nobody else here yet.* 王小明$/m);
    const window = await enter(other, 'lab', '--name', 'Amber 👩‍🚀 Fox');
    await terminal.until(/→ Amber 👩‍🚀 Fox joined/);
    window.write('\u001b[2J\u001b]0;owned\u0007hello 你好\n');
    await terminal.until(/Amber 👩‍🚀 Fox +\[2J\]0;owned *hello 你好/);

    terminal.type('hi @am');
    terminal.press('Tab');
    await terminal.until(/^> hi @Amber 👩‍🚀 Fox $|^> hi @Amber 👩‍🚀 Fox/m);
    terminal.press('Enter');
    await window.until(/"hi @Amber 👩‍🚀 Fox ?"/u);

    const lines = Array.from({ length: 200 }, (_, i) => `pasted ${i}`);
    terminal.paste(lines.join('\n'));
    await terminal.until(/── 200 lines, 2\.1 kB, as one message\? Enter says it/);
    terminal.press('Enter');
    await window.until(/pasted 199/);
    const said = objects(window.out).filter(({ text }) => String(text).startsWith('pasted'));
    t.same(
      said.map(({ text }) => text),
      [lines.join('\n')],
      'it is one message',
    );

    await terminal.until(/pasted 199 +(delivered|read)\n─+\n> +\/help/);
    terminal.press('PageUp', 'PageUp');
    await terminal.until(/── End goes to the newest/);
    window.write('while reading\n');
    await terminal.until(/── 1 new message below/);
    terminal.resize(120, 40);
    const wide = await terminal.until(/│ HERE 2\n/);
    t.equal(wide.split('\n')[1]?.length, 120, 'the line below the head is as wide as the terminal');
    t.match(wide, /● Amber 👩‍🚀 Fox +LAN/u);
    terminal.resize(44, 12);
    await terminal.until(/^─{44}$/m);
    terminal.press('End');
    await terminal.until(/while reading\n─+\n> /);
    terminal.resize(80, 24);
    window.write('{"do":"typing","on":true}\n');
    await terminal.until(/── Amber 👩‍🚀 Fox is writing/);
    terminal.type('/reply indeed');
    terminal.press('Enter');
    await terminal.until(/┆ Amber 👩‍🚀 Fox: while reading\n +indeed/);
    await window.until(/"indeed"/);
    t.match(
      objects(window.out).find(({ text }) => text === 'indeed'),
      { replyTo: /^[0-9a-f]{64}$/, quote: { text: 'while reading' } },
    );
    terminal.type('/edit');
    terminal.press('Enter');
    await terminal.until(/── Editing #[0-9a-f]{4}; Enter saves it[^\n]*\n> indeed/);
    terminal.type('!');
    terminal.press('Enter');
    await terminal.until(/indeed! +\(edited\)/);
    terminal.type('/react 👍');
    terminal.press('Enter');
    await terminal.until(/while reading\n +👍 1\n/);
    terminal.type('/delete');
    terminal.press('Enter');
    await terminal.until(/── Enter deletes for everyone: indeed!/);
    terminal.press('Enter');
    await terminal.until(/\(deleted\)/);
    await window.until(/"message-deleted"/);
    window.write('{"do":"dm","person":"王小明","text":"psst"}\n');
    await terminal.until(/wants to write to you alone/);
    t.notMatch(terminal.screen, /psst/, 'what somebody unverified writes to one alone waits');
    terminal.type('/quit');
    terminal.press('Enter');
    await terminal.until(CLEAN_END);
    window.write('while nobody looked\n');
    const again = new TmuxTerminal(t, person, ['join', 'lab'], { columns: 120, rows: 40 });
    await again.until(/while reading[^\n]*\n +👍 1/);
    await again.until(/── New ──[^\n]*\n[^\n]+while nobody looked/);
    again.press('C-Home');
    await again.until(/hello 你好/);
    again.press('C-c', 'C-c');
    await again.until(CLEAN_END);
    t.equal((await window.end('{quit}\n')).code, 0);
  });

  t.test(
    'a cut network is told and heals; Ctrl-C twice and a signal give the terminal back; what was typed ahead is said',
    async (t) => {
      const lan = new Lan(2);
      t.teardown(() => lan.close());
      const [person, other] = lan.hosts.map((host) => new Person(t, host as Host)) as [Person, Person];
      const terminal = new TmuxTerminal(t, person, ['join', 'lab', '--yes']);
      await terminal.until(/nobody else here yet/);
      const window = await enter(other, 'lab', '--name', 'Amber Fox');
      await terminal.until(/→ Amber Fox joined/);
      lan.cut(lan.hosts[1] as Host);
      await terminal.until(/! Amber Fox cannot be reached any more; still trying/);
      lan.heal(lan.hosts[1] as Host);
      await terminal.until(/still trying\n.*→ Amber Fox is back/);

      terminal.type('half a line');
      await terminal.until(/^> half a line/m);
      terminal.press('C-c');
      await terminal.until(/── Ctrl-C again closes this window\. The arrow up brings back[^\n]*\n> +\/help/);
      terminal.press('C-c');
      await terminal.until(CLEAN_END);

      const next = new TmuxTerminal(t, person, ['join', 'lab', '--yes'], { waits: true });
      next.press('Enter');
      next.type('typed ahead');
      next.press('Enter');
      next.type('and half a');
      await next.until(/2 here/);
      await next.until(/^> and half a/m);
      await window.until(/"typed ahead"/);
      process.kill(childOf(next.pid), 'SIGTERM');
      await next.until(CLEAN_END);
      t.equal((await window.end('{quit}\n')).code, 0);
    },
  );

  t.test(
    'Ctrl-C gives the terminal back at each moment, and says what goes on without the window',
    async (t) => {
      const lan = new Lan(2);
      t.teardown(() => lan.close());
      const [person, other] = lan.hosts.map((host) => new Person(t, host as Host)) as [Person, Person];
      const asked = new TmuxTerminal(t, person, ['join']);
      await asked.until(/Room name or invite link/);
      asked.press('C-c');
      await asked.until(/only\]:\n+exit 130 +icanon +echo/);
      const starting = new TmuxTerminal(t, person, ['join', 'lab', '--yes'], { waits: true });
      starting.press('Enter');
      while (!/^exit /m.test(starting.screen)) {
        starting.press('C-c');
        await sleep(200); // again and again, wherever it is
      }
      await starting.until(/^exit (130|0) +icanon +echo/m);

      const file = path.join(person.home, 'big');
      writeFileSync(file, randomBytes(40_000_000));
      await person.run(['set', 'upload-limit', '1MB']);
      const theirs = await enter(other, 'lab');
      const sending = new TmuxTerminal(t, person, ['send', 'lab', file, '--yes']);
      await theirs.until(/"file-offered"/);
      const [offer] = objects(theirs.out).filter(({ type }) => type === 'file-offered');
      const id = String(offer?.transfer).slice(0, 8);
      t.match(await other.run(['accept', id]), { code: 0 });
      await sending.until(/^\[=* +\] +[1-9]\d* %/m);
      sending.press('C-c');
      const line = new RegExp(
        `^(\\^C)?big goes on in the background, \\d+ %; npx chatter withdraw ${id} ends it\\.\\n+exit (\\d+) +icanon +echo`,
        'm',
      );
      t.match(line.exec(await sending.until(line)), { 2: '130' }, 'no bar is left before it');

      const window = new TmuxTerminal(t, person, ['join', 'lab']);
      await window.until(/^ ↑ big +█*░* +\d+ % .* to 1$/m);
      window.press('C-c', 'C-c');
      t.match(line.exec(await window.until(line)), { 2: '0' });

      const frozen = new TmuxTerminal(t, person, ['join', 'lab']);
      await frozen.until(/^ ↑ big/m);
      frozen.type('kept by no node');
      await frozen.until(/^> kept by no node/m);
      const { pid } = JSON.parse(person.read('node.json')) as { pid: number };
      process.kill(pid, 'SIGSTOP');
      frozen.press('C-c', 'C-c');
      await frozen.until(CLEAN_END);
      process.kill(pid, 'SIGCONT');
      t.match(await person.run(['withdraw', id]), { code: 0 });
      t.equal((await theirs.end('{quit}\n')).code, 0);
    },
  );
}

/** The chatter that a terminal's shell waits for. */
const childOf = (pid: number): number =>
  Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), 10);
