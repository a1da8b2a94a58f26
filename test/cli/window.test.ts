import t from 'tap';
import { type Host, Lan } from '../hosts/hosts.js';
import { enter, heard, objects, Person, people, type Ran } from '../support/command.js';
import { has } from '../support/needs.js';

if (has(t, 'root', 'ip')) {
  t.test(
    'what a pipe says before anybody is there is kept, and said to the first one in order',
    async (t) => {
      const [person, other] = people(t);
      const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
      const early = person.start(['join', 'lab', '--quiet', '--timeout', '10']);
      await early.until(/^You are /);
      early.write(`${lines.join('\n')}\n`);
      const window = await enter(other, 'lab');
      t.match(await early.end(), { code: 0, signal: null, err: '' }, 'it ends well');
      await window.until(/"line 99"/, 2_000).catch(() => {});
      t.same(heard(window), lines, 'all of them have come');
      t.equal((await window.end('{quit}\n')).code, 0);
    },
  );

  t.test('a pipe loses nothing that was read: not with its command, nor with its node', async (t) => {
    const [person, other] = people(t);
    const lines = (word: string) => Array.from({ length: 300 }, (_, i) => `${word} ${i}`);
    const watch = await enter(person, 'lab');
    const pipe = person.start(['join', 'lab', '--quiet']);
    await pipe.until(/^You are /);
    pipe.write(`${lines('killed').join('\n')}\n`);
    await watch.until(/"killed 0"/);
    await pipe.kill('SIGKILL');
    await watch.until(/"killed 299"/);
    t.same(said(watch.out, 'killed'), lines('killed'), 'the node has all of them');

    const window = await enter(other, 'lab');
    const next = person.start(['join', 'lab', '--quiet']);
    await next.until(/Here: | joined, LAN\n/);
    next.write(`${lines('crashed').join('\n')}\n`);
    await window.until(/"crashed 3"/);
    await person.crash();
    const ended = await next.end();
    t.match(ended, { code: 0, signal: null }, ended.err);
    await window.until(/"crashed 299"/);
    t.same(said(window.out, 'crashed'), lines('crashed'), 'each is said once, in order');
    for (const one of [watch, window]) t.equal((await one.end('{quit}\n')).code, 0);
  });

  t.test('the end of the input ends join when somebody has every line, in order', async (t) => {
    const [person, other] = people(t);
    const window = await enter(other, 'lab');
    const numbers = Array.from({ length: 300 }, (_, i) => `line ${i}`);
    const long = 'é'.repeat(4_096); // 8192 bytes
    const input = [
      ...numbers,
      'dos\r',
      '',
      '   ',
      ' kept as it is ',
      '{quit} ',
      'say {quit}',
      '/help',
      '//x',
      long,
      'no line feed',
    ];
    const ran = await talk(person, input.join('\n'));
    t.match(ran, { code: 0, signal: null, err: '' });
    await window.until(/"no line feed"/);
    const said = input.map((line) => line.replace('\r', '')).filter((line) => line.trim());
    t.same(heard(window), said);

    const quit = await talk(person, 'before\n{quit}\nafter\n');
    t.equal(quit.code, 0);
    const mixed = await talk(person, `${'x'.repeat(8_193)}\nnext\n${'x'.repeat(20_000)}\nlast\n`);
    t.equal(mixed.code, 1, 'a line that is too long is a failure');
    t.match(mixed.err, /^(chatter: MESSAGE_INVALID: [^\n]+\n){2}$/, 'told in a line each');
    await window.until(/"last"/);
    t.same(heard(window).slice(said.length), ['before', 'next', 'last'], 'and the others are said');

    const huge = await talk(person, `${'x'.repeat(70_000)}\n${'x'.repeat(2_000_000)}\nafter two megabytes\n`);
    t.match(
      huge,
      { code: 1, err: /^(chatter: MESSAGE_INVALID: [^\n]+\n){2}$/ },
      'a line that no frame can hold is refused, not sent',
    );
    t.match(await person.run(['say', 'lab', 'the end', '--quiet']), { code: 0, err: '' });
    await window.until(/"the end"/);
    t.same(heard(window).slice(-2), ['after two megabytes', 'the end'], 'the line after it is said');
    t.equal((await window.end('{quit}\n')).code, 0);
  });

  t.test('whatever bytes come in, whole lines and nothing that moves a terminal come out', async (t) => {
    const [person, other] = people(t);
    const json = await enter(other, 'lab');
    const plain = other.start(['join', 'lab']);
    await plain.until(/^You are /);
    const nasty = [
      '\u001b[31mred\u001b]0;title\u0007',
      'a\u0000b\u0008\u009bc',
      'from\u202eright\u2066',
      'one\u2028two\u2029three',
      'bare\rreturn',
      '{"type":"message"}',
    ];
    const bytes = Buffer.concat([
      Buffer.from(nasty.slice(0, 4).join('\n')),
      Buffer.from([0x0a, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x0a]),
      Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919 + (i >> 3)) & 0xff)),
      Buffer.from('\nthe end\n'),
    ]);
    const ran = await talk(person, bytes);
    t.match(ran, { signal: null, out: /^You are / });
    t.ok(ran.code === 0 || ran.code === 1, `exit code ${ran.code}`);
    await Promise.all([json.until(/"the end"/), plain.until(/: the end\n/)]);
    const texts = heard(json);
    t.ok(texts.length > 20, `${texts.length} lines`);
    t.equal(texts[0], '[31mred]0;title');
    t.equal(texts[1], 'abc');
    t.equal(texts[2], 'fromright');
    t.equal(texts[3], 'one\ntwo\nthree');
    t.notOk(
      texts.some((text) => CONTROL.test(text) || !text.isWellFormed()),
      'no control character, in any line',
    );
    t.notOk(CONTROL.test(plain.out), 'at the terminal neither');
    t.match(plain.out, /: one\n {6}two\n {6}three\n/, 'later lines of a message are indented');
    const bare = plain.out
      .split('\n')
      .slice(2)
      .filter((line) => !/^( {6}|\d\d:\d\d |$)/.test(line));
    t.same(bare, [], 'every line is a line of ours or of a message');
    for (const window of [json, plain]) t.equal((await window.end('{quit}\n')).code, 0);
  });

  t.test('a pipe takes / commands when it is told to', async (t) => {
    const [person, other] = people(t);
    const window = await enter(other, 'lab');
    const them = await other.ask('whoami');
    const pipe = person.start(['join', 'lab', '--commands', '--quiet', '--name', 'Marmaduke']);
    await pipe.until(new RegExp(`${them.name} joined, LAN\n`));
    pipe.write('/help\n');
    await pipe.until(/^\/quit +close this window; so do \{quit\} and Ctrl-C twice$/m);
    pipe.write('/who\n');
    await pipe.until(new RegExp(`^Marmaduke {2}you\n${them.name} {2}LAN$`, 'm'));
    pipe.write('/name Ffoulkes\n');
    await pipe.until(/^You are Ffoulkes here now\.$/m);
    await window.until(/"peer-renamed"/);
    t.match(
      objects(window.out).find(({ type }) => type === 'peer-renamed'),
      {
        peer: { name: 'Ffoulkes' },
        was: 'Marmaduke',
        room: 'lab',
      },
    );
    pipe.write('/invite\n');
    await pipe.until(/npx chatter join lab/);
    pipe.write('//who is here\n/dance\n/name\n');
    await window.until(/"\/who is here"/);
    t.same(heard(window), ['/who is here'], 'two slashes are one');
    await pipe.until(/^chatter: USAGE: There is no \/dance; [^\n]+\nchatter: USAGE: \/name needs/m);
    pipe.write('/leave\n');
    await pipe.until(/^Left lab\./m);
    await window.until(/"peer-left"/);
    const { code, err } = await pipe.end('/quit\nnot said\n');
    t.equal(code, 1, 'a command that does not exist is a failure');
    t.match(err.trim().split('\n'), { length: 2 });
    t.match(objects((await person.run(['rooms', '--json'])).out), [{ room: 'lab', joined: false }]);
    t.equal((await window.end('{quit}\n')).code, 0);
  });

  t.test('without any input join listens, and two windows of one person hear the same', async (t) => {
    const [person, other] = people(t);
    const deaf = person.start(['join', 'lab'], { stdio: ['ignore', 'pipe', 'pipe'] });
    await deaf.until(/^You are .* in lab\. Nobody else is here yet/);
    const json = await enter(person, 'lab');
    const window = await enter(other, 'lab');
    const them = await other.ask('whoami');
    await Promise.all([deaf.until(/joined, LAN\n/), json.until(/"peer-joined"/)]);
    window.write('hello\n');
    await Promise.all([
      deaf.until(new RegExp(`^\\d\\d:\\d\\d ${them.name}: hello$`, 'm')),
      json.until(/"hello"/),
    ]);
    json.write('from the other window\n');
    await window.until(/"from the other window"/);
    await json.until(/"from the other window"/);
    await person.run(['say', 'lab', 'mark', '--quiet']);
    window.write('the end\n');
    await deaf.until(/: the end\n/);
    t.match(deaf.out, /from the other window/, 'what oneself said elsewhere is seen here too');
    t.match(await deaf.kill('SIGTERM'), { code: 0, signal: null, err: /^"lab" is an open room[^\n]+\n$/ });
    for (const one of [json, window]) t.equal((await one.end('{quit}\n')).code, 0);
  });

  t.test('two profiles on one machine are two people, as the README begins', async (t) => {
    const lan = new Lan(1);
    t.teardown(() => lan.close());
    const person = new Person(t, lan.hosts[0] as Host);
    const one = person.start(['join', 'lab']);
    await one.until(/^You are (\w+ ?)+ in lab\. Nobody else is here yet; looking for others\.\n/);
    const two = person.start(['join', 'lab', '--profile', 'two']);
    await Promise.all([one.until(/→ .* joined/), two.until(/Here: |→ .* joined/)]);
    one.write('hello\n');
    await two.until(/: hello\n/);
    t.equal((await one.end('{quit}\n')).code, 0);
    t.equal((await two.end('/quit\n{quit}\n')).code, 0);
    t.equal((await person.run(['stop', '--profile', 'two'])).err, 'The node has ended.\n');
  });

  t.test(
    'lines of before come only when asked for; edits, reactions and deletions are lines too',
    async (t) => {
      const [person, other] = people(t);
      const json = await enter(other, 'lab', '--name', 'Ann');
      const plain = person.start(['join', 'lab', '--no-color', '--name', 'Bob']);
      await plain.until(/Ann/);
      json.write('one\n\u001b[2Jtwo\n{"do":"say","text":"three"}\n');
      await plain.until(/Ann: three\n/);
      const ids = () => objects(json.out).filter(({ type }) => type === 'message');
      const three = ids().find(({ text }) => text === 'three')?.id as string;
      const request = (value: object) => json.write(`${JSON.stringify(value)}\n`);
      request({ do: 'edit', id: three, text: 'four' });
      await plain.until(/^\d\d:\d\d Ann: four \(edited\)$/m);
      request({ do: 'react', id: three, emoji: '👍' });
      await plain.until(/^\d\d:\d\d \+ Ann reacts with 👍 to "four"$/m);
      request({ do: 'say', text: 'an answer', replyTo: three });
      await plain.until(/^\d\d:\d\d Ann \(answers Ann: "four"\): an answer$/m);
      request({ do: 'delete', id: three });
      await plain.until(/^\d\d:\d\d - Ann deleted what was said at \d\d:\d\d$/m);
      await json.until(/"message-deleted"/);
      request({ do: 'wipe' });
      await json.until(/A request line is/);
      t.equal((await plain.end()).code, 0);

      const again = await enter(person, 'lab', '--history', '3');
      await again.until(/"an answer"/);
      const lines = objects(again.out);
      t.match(lines.slice(0, 4), [
        { type: 'joined' },
        { type: 'message', text: '[2Jtwo', old: true },
        { type: 'message', deleted: true, text: '', old: true },
        { type: 'message', text: 'an answer', replyTo: three, old: true, time: String },
      ]);
      await again.end('{quit}\n');
      const bare = await enter(person, 'lab');
      json.write('the end\n');
      await bare.until(/the end/);
      t.same(
        objects(bare.out).filter(({ old }) => old),
        [],
        'a program hears nothing twice',
      );
      const printed = person.start(['join', 'lab', '--no-color', '--history', '2']);
      await printed.until(
        /Ann \(answers a message\): an answer\n\d\d:\d\d Ann: the end\n|an answer\n[^\n]+the end\n/,
      );
      for (const window of [bare, printed, json]) await window.end('{quit}\n');
    },
  );
}

/** Texts that begin with this word. */
const said = (out: string, word: string): unknown[] =>
  objects(out)
    .filter(({ type, text }) => type === 'message' && String(text).startsWith(word))
    .map(({ text }) => text);

/** What must not reach a terminal: controls but for line feed and tab, and marks that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Says all of this on a pipe to somebody who is there. */
async function talk(person: Person, input: string | Uint8Array): Promise<Ran> {
  const pipe = person.start(['join', 'lab', '--quiet']);
  await pipe.until(/ joined, LAN\n|Here: /);
  return pipe.end(input);
}
