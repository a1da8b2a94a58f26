import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { atTerminal, enter, hasTerminal, heard, objects, people } from '../support/command.js';
import { has } from '../support/needs.js';

if (has(t, 'root', 'ip')) {
  t.test('say says words or standard input, and tells who has it', async (t) => {
    const [person, other] = people(t);
    const window = await enter(other, 'lab');
    const said = await person.run(['say', 'lab', 'two', 'words']);
    t.match(said, { code: 0, out: '', err: /\nOne person has it\.\n$/ });
    t.match(said.err, /^"lab" is an open room: [^\n]+\n/, 'an open room is told as such, once');
    const texts = ['two words', 'from\r\na pipe', '{quit}', '/help', '--no-wait'];
    t.match(await person.run(['say', 'lab', '-', '--quiet'], 'from\r\na pipe\r\n\n'), { code: 0, err: '' });
    t.same(objects((await person.run(['say', 'lab', '{quit}', '--json'])).out), [
      { type: 'said', room: 'lab', delivered: 1 },
    ]);
    t.match(await person.run(['say', 'lab', '/help', '--quiet']), { code: 0, err: '' });
    t.match(await person.run(['say', 'lab', '--quiet', '--', '--no-wait']), { code: 0, out: '', err: '' });
    await window.until(/"--no-wait"/);
    t.same(
      heard(window),
      texts.map((text) => text.replaceAll('\r\n', '\n')),
    );

    for (const [what, text] of [
      ['empty', ''],
      ['blank', ' \n '],
      ['too long', 'x'.repeat(8_193)],
    ] as const) {
      const refused = await person.start(['say', 'lab', '-', '--timeout', '4']).end(text);
      t.match(refused, { out: '', err: /^chatter: [A-Z_]+: [^\n]+\n$/ }, what);
      t.match(refused, { code: 2, err: /MESSAGE_INVALID/ }, `${what} is told as what it is`);
      t.ok(refused.ms < 3_000, `${what}: it ended after ${Math.round(refused.ms)} ms`);
    }
    const { signal } = await window.end('{quit}\n');
    t.equal(signal, null);
    await other.stop();
    const alone = await person.run(['say', 'lab', 'hello?', '--timeout', '0.5']);
    t.match(alone, { code: 4, out: '', err: /^chatter: NOBODY_THERE: [^\n]+\n$/ }, 'when they have left');
  });

  t.test('peers, rooms, leave: who is here, and what is known', async (t) => {
    const [person, other, host] = people(t);
    const [mine, theirs] = await Promise.all([enter(person, 'lab'), enter(other, 'lab')]);
    await Promise.all([mine.until(/"peer-joined"/), theirs.until(/"peer-joined"/)]);
    const self = await person.ask('whoami');
    const them = await other.ask('whoami');
    const peers = objects((await person.run(['peers', 'LAB', '--json'])).out);
    t.match(
      peers,
      [
        { id: self.id, name: self.name, tag: self.tag, self: true, path: null, address: null },
        { id: them.id, name: them.name, tag: them.tag, path: 'lan', rateBps: Number, verified: false },
      ],
      'in any spelling of the name',
    );
    // Both are on one host: the stream may run over any of its addresses, IPv6 with its scope among them.
    const address = String(peers[1]?.address);
    t.match(
      address,
      new RegExp(`^(${host.address.replaceAll('.', '\\.')}|\\[fe80::[0-9a-f:]+%\\w+\\]):\\d+$`),
    );
    const rtt = peers[1]?.rttMs;
    t.ok(rtt === null || (typeof rtt === 'number' && rtt >= 0 && rtt < 5_000), `round trip: ${rtt}`);
    const plain = await person.run(['peers', 'lab']);
    t.match(plain, { code: 0, err: '' });
    t.match(plain.out.split('\n')[0], `${self.name} #${self.tag}  you`);
    t.match(plain.out.split('\n')[1], `${them.name} #${them.tag}  LAN ${address}`);
    t.match(await person.run(['rooms']), { code: 0, out: /^lab +open +2 here\n$/ });
    t.match((await person.run(['status'])).out, /^room {6}lab, 2 here\nnetwork|^room {6}lab, 2 here$/m);
    t.match(await person.ask('status'), { lanPort: Number, rooms: [{ name: 'lab', members: 2 }] });

    t.match(await person.run(['leave', 'lab']), { code: 0, out: '', err: 'Left lab.\n' });
    await theirs.until(/"peer-left"/);
    t.match(objects(theirs.out), [
      { type: 'joined' },
      { type: 'peer-joined' },
      { type: 'peer-left', peer: { id: self.id, name: self.name }, reason: 'left' },
    ]);
    t.match(await person.run(['rooms']), { code: 0, out: /^lab +open +left\n$/ });
    t.match(await person.run(['peers', 'lab']), { code: 3, out: '', err: /^chatter: ROOM_UNKNOWN: / });
    t.match(await person.ask('leave', 'lab'), { room: 'lab', joined: false }, 'left twice is left');
    for (const window of [mine, theirs]) t.equal((await window.end('{quit}\n')).code, 0);
  });

  t.test(
    'invite prints a sentence, the link in it, and its QR code where it is asked for',

    async (t) => {
      const [person, other] = people(t);
      const made = await person.run(['invite', '--new', 'plans']);
      t.match(made, { code: 0, err: /^Whoever has this link is in\.[^\n]+\n$/ });
      const [link] = /chatter:\/\/join\/#[\w-]{43}\/plans/.exec(made.out) ?? [''];
      t.match(made.out, /^Join the private room "plans" in Chatter: [^\n]+\n$/, 'one line, and no QR code');
      t.ok(link, 'with the link');
      const qr = await person.run(['invite', 'plans', '--qr', '--quiet']);
      t.match(qr, { code: 0, err: '' });
      t.ok(qr.out.startsWith(made.out), 'the same invite');
      t.match(qr.out.slice(made.out.length), /^\n([█▀▄ ]+\n){15,}$/);
      t.match(await person.ask('invite', 'plans', '--qr'), { link, sentence: made.out.trim() }, 'one object');
      if (hasTerminal(t)) {
        const shown = await person
          .spawn('script', atTerminal(['invite', 'plans', '--data', person.data]))
          .end();
        t.match(shown.out, /(█[█▀▄ ]+\r?\n){10}/, 'a terminal shows the QR code unasked');
      }

      const host = await enter(person, 'plans');
      const text = `Hi,\n\n> ${made.out.replace('chatter://join/#', 'chatter://join/#\n> ')}\nbye\n`;
      writeFileSync(path.join(other.home, 'mail'), text);
      const guest = await enter(other, '', '--invite-file', path.join(other.home, 'mail'));
      await Promise.all([host.until(/"peer-joined"/), guest.until(/"peer-joined"/)]);
      t.match(objects(guest.out)[0], { type: 'joined', room: 'plans' }, 'as mail programs mangle it');
      t.equal((await guest.end('{quit}\n')).code, 0);
      const argument = await other.run(['say', link, 'hello', '--json']);
      t.match(argument, { code: 0, err: /^Others on this computer can see an invite[^\n]+\n$/ });
      await host.until(/"hello"/);
      const piped = other.start(['join', '--invite-file', '-'], { timeout: 4_000 });
      t.match(await piped.end(made.out), { code: 0, signal: null }, 'join ends with the input it came from');
      t.match((await person.run(['invite', 'plans'])).out, made.out);
      await person.run(['say', 'lab', 'x', '--no-wait', '--quiet']);
      t.match(await person.ask('invite', 'lab'), { link: null, sentence: /run "npx chatter join lab"\.$/ });
    },
  );

  t.test('every line of join --json is an object with the fields that are documented', async (t) => {
    const [person, other] = people(t);
    const window = await enter(person, 'lab', '--name', 'Marmaduke');
    const self = await person.ask('whoami');
    const second = await enter(other, 'lab');
    const them = await other.ask('whoami');
    const peer = { id: them.id, name: them.name };
    await Promise.all([window.until(/"peer-joined"/), second.until(/"peer-joined"/)]);
    second.write('plain\n{"do":"say","text":"asked\\nfor"}\n{not JSON\n');
    await window.until(/"\{not JSON"/);
    window.write('answer\n');
    await second.until(/"answer"/);
    await window.until(/"message-delivered"/);
    t.equal((await second.end('{"do":"dance"}\n{}\nlast\n')).code, 1, 'a request that is none is a failure');
    t.match(second.err.match(/^chatter: USAGE: [^\n]+$/gm), { length: 2 });
    await window.until(/"last"/);
    await other.stop();
    await window.until(/"peer-left"/);

    const lines = objects(window.out);
    const room = { room: 'lab', roomId: /^[0-9a-f]{64}$/ };
    const me = { id: self.id, name: 'Marmaduke' };
    t.match(
      lines.filter(({ type }) => !['message-delivered', 'receipt', 'unread'].includes(type as string)),
      [
        { type: 'joined', ...room, self: me, members: [] },
        { type: 'peer-joined', ...room, peer, path: 'lan' },
        { type: 'message', ...room, author: peer, text: 'plain', self: false, id: String, seq: Number },
        { type: 'message', ...room, author: peer, text: 'asked\nfor', self: false },
        { type: 'message', ...room, author: peer, text: '{not JSON', self: false },
        { type: 'message', ...room, author: me, text: 'answer', self: true },
        { type: 'message', ...room, author: peer, text: 'last', self: false },
        { type: 'peer-left', ...room, peer, reason: 'left' },
      ],
    );
    t.match(
      lines.filter(({ type }) => type === 'message-delivered'),
      [{ ...room, id: lines.find(({ text }) => text === 'answer')?.id, to: peer, count: 1 }],
    );
    for (const { type, time } of lines)
      t.equal(new Date(time as string).toISOString(), time, `${type} has a time`);
    const errors = objects(second.out).filter(({ type }) => type === 'error');
    t.match(errors, [{ code: 'USAGE', text: String, time: String }, { code: 'USAGE' }]);
    const [, ...seqs] = lines.map(({ seq }) => seq as number);
    t.same(
      seqs,
      [...new Set(seqs)].toSorted((a, b) => a - b),
      'numbers that grow',
    );
    t.equal((await window.end('{quit}\n')).code, 0);
  });

  t.test('a line that looks like a command is only a message, from a pipe and from a peer', async (t) => {
    const [person, other] = people(t);
    const mine = await enter(person, 'lab');
    const theirs = other.start(['join', 'lab', '--quiet'], { timeout: 40_000 });
    await Promise.all([mine.until(/"peer-joined"/), theirs.until(/ joined|Here: /)]);
    const lines = [
      '/wipe',
      '/leave',
      '/quit',
      '{quit} ',
      ' {quit}',
      '{QUIT}',
      '{"do":"leave"}',
      '!ls',
      '-',
      '--help',
    ];
    theirs.write(`${lines.join('\n')}\n`);
    await mine.until(/"--help"/);
    t.same(heard(mine), lines, 'from a pipe');
    for (const text of ['{quit}', '/leave', '{"do":"say","text":"x"}'])
      t.equal((await person.run(['say', 'lab', text, '--quiet'])).code, 0);
    await theirs.until(/: \{"do":"say","text":"x"\}\n/);
    t.match(theirs.out, /: \{quit\}\n.*: \/leave\n/s, 'from a peer: still here');
    t.match(objects((await other.run(['rooms', '--json'])).out), [{ room: 'lab', joined: true, members: 2 }]);
    t.equal((await theirs.end('{quit}\nnot said\n')).code, 0);
    t.equal((await mine.end('{quit}\n')).code, 0);
    t.notOk(heard(mine).includes('not said'));
  });

  t.test('a request for one room is not said in another', async (t) => {
    const [person, other] = people(t);
    const [mine, theirs] = await Promise.all([enter(person, 'lab'), enter(other, 'lab')]);
    await Promise.all([mine.until(/"peer-joined"/), theirs.until(/"peer-joined"/)]);
    mine.write('{"do":"say","room":"board","text":"for the board alone"}\nfor all\n');
    await theirs.until(/"for all"/);
    t.same(heard(theirs), ['for all'], 'the room that it names is looked at');
    for (const window of [mine, theirs]) await window.end('{quit}\n');
  });
}
