import t from 'tap';
import {
  atTerminal,
  enter,
  hasTerminal,
  heard,
  isFailure,
  objects,
  Person,
  people,
} from '../support/command.js';
import { has } from '../support/needs.js';

interface Shown {
  id: string;
  name: string;
  tag: string;
  safetyNumber: string;
  verified: boolean;
  blocked: boolean;
  muted: boolean;
}

if (has(t, 'root', 'ip')) {
  t.test(
    'verify: both see one number, the mark is shown where they are, and it outlives the node',
    async (t) => {
      const [person, other] = people(t);
      const theirs = await enter(other, 'lab', '--name', 'Ann');
      const mine = await enter(person, 'lab', '--name', 'Bob');
      await Promise.all([mine.until(/"Ann"/), theirs.until(/"Bob"/)]);
      const [atMine, atTheirs] = await Promise.all([
        person.ask<Shown>('verify', 'ann'),
        other.ask<Shown>('verify', 'Bob'),
      ]);
      t.match(atMine.safetyNumber, /^(\d{5} ){11}\d{5}$/);
      t.equal(atMine.safetyNumber, atTheirs.safetyNumber, 'the same at both ends');
      t.match(atMine, { name: 'Ann', verified: false }, 'looking marks nobody');
      const ann = await other.ask<Shown>('whoami');

      isFailure(
        t,
        await person.run(['verify', 'Ann', '--yes']),
        2,
        'a name alone is not enough for a program',
      );
      const wrong = await person.run(['verify', 'Ann', '--number', '0'.repeat(60)]);
      isFailure(t, wrong, 6, 'a number that does not fit');
      t.match(wrong.err, /^chatter: NOT_VERIFIED: /);
      t.equal((await person.ask<Shown>('verify', 'Ann')).verified, false);
      for (const number of [ann.safetyNumber, atTheirs.safetyNumber.replaceAll(' ', '')]) {
        const fits = await person.run(['verify', 'Ann', '--number', number]);
        t.match(fits, { code: 0, out: '', err: `Ann#${ann.tag} is verified.\n` });
      }
      t.match(objects((await person.run(['peers', 'lab', '--json'])).out)[1], {
        name: 'Ann',
        verified: true,
      });
      t.match((await person.run(['peers', 'lab'])).out, /^Ann #\w{6} .* {2}verified$/m);
      t.match(await person.run(['verify']), { code: 0, out: `Ann#${ann.tag}  here\n` });
      await person.run(['verify', `#${ann.tag}`, '--undo']);
      t.match(await person.run(['verify']), { code: 0, out: '', err: 'Nobody is verified.\n' });
      t.match(await person.ask('verify', `Ann#${ann.tag}`, '--yes'), { id: ann.id, verified: true });
      t.match(
        objects(mine.out).filter(({ type }) => type === 'peer-marked'),
        [],
        'what is thought of people is told to no room',
      );

      await mine.end('{quit}\n');
      await person.stop();
      const again = person.start(['join', 'lab', '--no-color'], { timeout: 40_000 });
      await again.until(/Ann/);
      await theirs.end('{quit}\n');
      await other.stop();
      await again.until(/← Ann left/);
      const back = await enter(other, 'lab');
      await again.until(/→ Ann joined, LAN, verified/);
      for (const window of [again, back]) await window.end('{quit}\n');

      for (const [ref, code, cause] of [
        ['Nobody', 3, 'PEER_UNKNOWN'],
        ['#aaaaaa', 3, 'PEER_UNKNOWN'],
        [(await person.ask<Shown>('whoami')).id, 2, 'PEER_SELF'],
      ] as const) {
        for (const verb of ['verify', 'block', 'unblock', 'mute', 'unmute']) {
          const refused = await person.run([verb, ref]);
          isFailure(t, refused, code, `${verb} ${ref}`);
          t.ok(refused.err.startsWith(`chatter: ${cause}: `));
        }
      }
      if (!hasTerminal(t)) return;
      const undone = await person.run(['verify', 'Ann', '--undo']);
      t.equal(undone.code, 0);
      const no = await person.spawn('script', atTerminal(['verify', 'Ann', '--data', person.data])).end('\n');
      t.match(no, { code: 6, out: /same digits\? \[y\/N\].*chatter: NOT_VERIFIED: /s });
      const yes = await person
        .spawn('script', atTerminal(['verify', 'Ann', '--data', person.data]))
        .end('y\n');
      t.match(yes, { code: 0, out: /is verified\./ });
    },
  );

  t.test(
    'block: at once, in all rooms, over restarts; the other is told nothing; mute only hides',
    async (t) => {
      const [person, other, host] = people(t);
      const third = new Person(t, host, 'third');
      const theirs = await enter(other, 'lab', '--name', 'Eve');
      const carol = await enter(third, 'lab', '--name', 'Carol');
      const mine = await enter(person, 'lab', '--name', 'Bob');
      const den = await enter(person, 'den');
      const theirDen = await enter(other, 'den', '--name', 'Eve');
      await Promise.all([
        mine.until(/"Eve"/),
        mine.until(/"Carol"/),
        carol.until(/"Bob"/),
        den.until(/"peer-joined"/),
      ]);

      t.match(await person.run(['mute', 'eve']), { code: 0, err: /^Eve#\w{6} is muted: / });
      theirs.write('not to be shown\n');
      await mine.until(/"not to be shown"/);
      const [muted] = objects(mine.out).filter(({ text }) => text === 'not to be shown');
      t.match(muted, { author: { name: 'Eve', muted: true } }, 'programs have it, marked');
      t.match(await person.run(['mute']), { code: 0, out: /^Eve#\w{6} {2}here\n$/ });
      t.equal((await person.run(['unmute', 'eve'])).code, 0);

      const blocked = await person.run(['block', 'Eve']);
      t.match(blocked, { code: 0, out: '', err: /^Eve#\w{6} is blocked: [^\n]+\n$/ });
      for (const window of [mine, den]) await window.until(/"peer-left"/);
      for (const window of [theirs, theirDen]) await window.until(/"peer-left"/);
      t.match(
        objects(theirs.out).at(-1),
        { type: 'peer-left', reason: 'left' },
        'to her it looks like leaving',
      );
      theirs.write('can anybody hear me?\n');
      await carol.until(/"can anybody hear me\?"/);
      carol.write('I can\n');
      await mine.until(/"I can"/);
      t.same(heard(mine), ['not to be shown', 'I can'], 'what she says is not heard here');
      t.match(await person.ask('status'), { blocked: [{ name: 'Eve' }] });
      t.match((await person.run(['status'])).out, /^blocked {3}Eve #\w{6}$/m);
      t.match(await person.run(['block']), { code: 0, out: /^Eve#\w{6} {2}last seen \d{4}-\d\d-\d\d\n$/ });

      for (const window of [mine, den]) await window.end('{quit}\n');
      await person.stop();
      const again = await enter(person, 'lab');
      await again.until(/"Carol"/);
      theirs.write('and now?\n');
      await carol.until(/"and now\?"/);
      t.notMatch(again.out, /"Eve"/, 'still blocked after a restart');
      t.equal((await person.run(['unblock', 'Eve'])).code, 0, 'known though not here');
      await again.until(/"peer-joined"[^\n]+"Eve"/, 15_000);
      for (const window of [again, theirs, theirDen, carol]) await window.end('{quit}\n');
    },
  );

  t.test('a known name with another key is told once', async (t) => {
    const [person, other, host] = people(t);
    const ann = await enter(other, 'lab', '--name', 'Ann');
    const mine = await enter(person, 'lab', '--name', 'Bob');
    await mine.until(/"Ann"/);
    const { tag } = await other.ask<Shown>('whoami');
    await person.run(['verify', `#${tag}`, '--yes']);
    await ann.end('{quit}\n');
    await other.stop();
    await mine.until(/"peer-left"/);

    const imposter = new Person(t, host, 'imposter');
    const window = person.start(['join', 'lab', '--no-color'], { timeout: 40_000 });
    await window.until(/You are/);
    const second = await enter(imposter, 'lab', '--name', 'A\u0578n');
    const fake = (await imposter.ask<Shown>('whoami')).tag;
    await window.until(/has another key/);
    await mine.until(/"peer-lookalike"/);
    const text = `A\u0578n#${fake} has another key than Ann#${tag}, whom you have verified. `;
    t.match(window.out, `! ${text}`);
    const told = objects(mine.out).filter(({ type }) => type === 'peer-lookalike');
    t.match(told, [{ room: 'lab', peer: { tag: fake }, known: { tag, verified: true } }]);
    const peers = objects((await person.run(['peers', 'lab', '--json'])).out);
    t.match(
      peers.find((peer) => peer.tag === fake),
      { verified: false, resembles: { tag, verified: true } },
      'and stands in the list of who is here for as long as it is so',
    );
    t.match((await person.run(['peers', 'lab'])).out, `\n  not Ann#${tag}, whom you have verified\n`);
    await second.end('{quit}\n');
    await imposter.stop();
    await mine.until(/"peer-left"[^\n]+A\u0578n/);
    const back = await enter(imposter, 'lab');
    await mine.until(/"peer-joined"[^\n]+A\u0578n.+"peer-joined"[^\n]+A\u0578n/s);
    for (const each of [mine, window, back]) await each.end('{quit}\n');
    t.equal(objects(mine.out).filter(({ type }) => type === 'peer-lookalike').length, 1);
  });
}
