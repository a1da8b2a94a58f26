import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { momentOf } from '../../cli/since.js';
import { enter, isFailure, objects, people } from '../support/command.js';
import { has } from '../support/needs.js';

t.test('a time is written as people write it', async (t) => {
  const now = Date.UTC(2026, 4, 1, 10);
  t.equal(momentOf('30m', now), '2026-05-01T09:30:00.000Z');
  t.equal(momentOf('7d', now), '2026-04-24T10:00:00.000Z');
  t.equal(momentOf('2026-05-01T10:00Z', now), '2026-05-01T10:00:00.000Z');
  t.equal(momentOf('2026-05-01', now), new Date(2026, 4, 1).toISOString(), 'a day begins here at midnight');
  for (const wrong of ['', 'yesterday', '5', '5y', '2026', '2026-13-01', '-1d', '99999999d'])
    t.throws(() => momentOf(wrong, now), { code: 'USAGE' }, wrong);
});

if (has(t, 'root', 'ip')) {
  t.test(
    'history, dm, keep, export and forget: what was said is there, until it is not wanted',
    async (t) => {
      const [person, other] = people(t);
      const theirs = await enter(other, 'lab', '--name', 'Ann');
      await person.run(['whoami', '--name', 'Bob']);
      const mine = await enter(person, 'lab');
      await Promise.all([mine.until(/"Ann"/), theirs.until(/"Bob"/)]);
      theirs.write('the first line\n\u001b[2Jred apples\nof Bob @Bob\n');
      await mine.until(/of Bob @Bob/);
      mine.write('the last line\n');
      await theirs.until(/the last line/);
      const [last] = objects(theirs.out).filter(({ text }) => text === 'the last line');

      const all = await person.run(['history', 'lab']);
      t.match(all, { code: 0, err: '' });
      const line = (text: string) => new RegExp(`^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d #[0-9a-f]{4} ${text}$`);
      t.match(all.out.trimEnd().split('\n'), [
        line('Ann: the first line'),
        line('Ann: \\[2Jred apples'),
        line('Ann: of Bob @Bob'),
        line('Bob: the last line'),
      ]);
      t.match(all.out, `#${String(last?.id).slice(0, 4)} Bob`, 'a tag is the same on every machine');
      const json = objects((await person.run(['history', 'lab', '--json', '--limit', '2'])).out);
      t.match(json, [
        { text: 'of Bob @Bob', author: { name: 'Ann' }, mentionsMe: true, unread: true },
        { text: 'the last line', id: last?.id, self: true, of: 1 },
      ]);
      const found = await person.run(['history', 'lab', '--search', 'apples 2jr']);
      t.match(found, { code: 0, out: /^[^\n]+red apples\n$/ });
      t.match((await person.run(['history', 'lab', '--mentions'])).out, /^[^\n]+of Bob @Bob\n$/);
      t.match(
        (await person.run(['history', 'lab', '--from', 'ann', '--limit', '1'])).out,
        /^[^\n]+of Bob @Bob\n$/,
      );
      t.equal((await person.run(['history', 'lab', '--since', '1h'])).out, all.out);
      const none = await person.run(['history', 'lab', '--search', '"*-( NEAR']);
      t.match(none, { code: 0, out: '', err: 'Nothing was found.\n' }, 'whatever is searched for');

      const dm = await person.run(['dm', 'lab', 'Ann', 'between', 'us']);
      t.match(dm, { code: 0, out: '', err: /^Ann#\w{6} has it\.\n$/ });
      await theirs.until(/between us/);
      t.match(objects(theirs.out).at(-1) ?? {}, { type: /message|unread|receipt/ });
      const [heard] = objects(theirs.out).filter(({ text }) => text === 'between us');
      t.match(heard, { to: { name: 'Ann' }, request: true, author: { name: 'Bob' } });
      t.match(
        (await person.run(['history', 'lab', '--limit', '1'])).out,
        /^» \S+ \S+ \S+ Bob \(to Ann alone\): between us\n$/,
      );
      await theirs.end('{quit}\n');
      await other.stop();
      await mine.until(/"peer-left"/);
      const away = await person.run(['dm', 'lab', 'Ann', '-', '--timeout', '0.3'], 'for\nlater\n');
      isFailure(t, away, 4, 'who is away has it later');
      t.match(await person.run(['dm', 'lab', 'Ann', 'and this', '--no-wait']), { code: 0, out: '', err: '' });
      const back = await enter(other, 'lab', '--name', 'Ann');
      await back.until(/and this/);
      t.match(
        objects(back.out)
          .filter(({ type }) => type === 'message')
          .map(({ text }) => text),
        ['for\nlater', 'and this'],
      );
      t.match(
        objects(back.out).find(({ type }) => type === 'request'),
        { person: { name: 'Bob' }, messages: Number, room: 'lab' }, // what is new may be there already
        'who has asked before is told of again, though no message of before is printed',
      );
      const plain = other.start(['join', 'lab', '--no-color', '--commands']);
      await plain.until(/^Bob, who is not verified, wants to write to you alone\.\n\/allow #\w{6} shows it/m);
      plain.write('/requests\n');
      await plain.until(/^Bob#\w{6} {2}3 messages$/m);
      plain.write('/allow Bob\n');
      await plain.until(/shown\.\n» [^\n]+Bob \(to you alone\): between us\n/);
      plain.write('/requests\n');
      await plain.until(/^Nobody waits for an answer\.$/m);
      t.equal((await plain.end('{quit}\n')).code, 0);

      t.match(await person.run(['keep', 'lab']), {
        code: 0,
        out: /^lab: 7 messages, [^\n]+\nTexts are kept here for 30 days\.\nOthers are told what you have read\.\n$/,
      });
      t.match(await person.ask('keep', 'lab', 'forever', '--reads', 'off'), {
        keep: 'forever',
        reads: false,
      });

      const folder = path.join(person.home, 'exported');
      const exported = await person.run(['export', 'lab', '--out', folder]);
      t.match(exported, { code: 0, out: `${folder}\n`, err: /^7 messages of 1 room\. / });
      const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
      t.match(objects(readFileSync(path.join(folder, file), 'utf8')), [{ text: 'the first line' }]);
      isFailure(t, await person.run(['export', 'lab', '--out', folder]), 1, 'nothing is written over');

      isFailure(t, await person.run(['forget', 'lab']), 2, 'not without --yes off a terminal');
      t.match(await person.run(['forget', 'lab', '--yes']), {
        code: 0,
        out: '',
        err: /^lab is forgotten: 7 messages /,
      });
      isFailure(t, await person.run(['history', 'lab']), 3, 'it is unknown now');
      t.match(await person.run(['rooms', '--json']), { out: '' });
      t.ok(existsSync(folder), 'what was exported stays');
      isFailure(t, await other.run(['wipe']), 2, 'not without --yes off a terminal');
      const old = await other.ask('whoami');
      await back.end('{quit}\n');
      t.match(await other.run(['wipe', '--yes']), { code: 0, out: '', err: /is empty\. Others keep/ });
      t.same(await other.settled(0), [], 'its node has ended');
      t.notOk(existsSync(path.join(other.data, 'chatter.db')), 'and nothing is there');
      t.not((await other.ask('whoami')).id, old.id, 'whoever comes next is somebody else');
      for (const [args, code, cause] of [
        [['history', 'nowhere'], 3, 'ROOM_UNKNOWN'],
        [['forget', 'nowhere', '--yes'], 3, 'ROOM_UNKNOWN'],
        [['export', 'nowhere'], 3, 'ROOM_UNKNOWN'],
        [['keep', 'nowhere'], 3, 'ROOM_UNKNOWN'],
        [['keep', 'lab', '3d'], 2, 'USAGE'],
        [['history', 'lab', '--limit', '0'], 2, 'USAGE'],
        [['history', 'lab', '--since', 'soon'], 2, 'USAGE'],
        [['history', 'lab', '--mentions', '--search', 'x'], 2, 'USAGE'],
        [['dm', 'den', 'Nobody', 'x', '--no-wait'], 3, 'PEER_UNKNOWN'],
      ] as const) {
        const refused = await person.run([...args, '--quiet']);
        isFailure(t, refused, code, args.join(' '));
        t.ok(refused.err.startsWith(`chatter: ${cause}: `), `${cause}: ${refused.err}`);
      }
      await mine.until(/"left"/);
      await mine.end('{quit}\n');
    },
  );
}
