import t from 'tap';
import { personAndText } from '../../../cli/history-slash.js';
import { aboutMessage } from '../../../cli/message-commands.js';
import { type Begun, begun, withWords, wordsFor } from '../../../cli/tui/complete.js';
import { EMPTY_EDITOR } from '../../../cli/tui/editor.js';
import { reduceEvents } from '../../../cli/tui/reduce-event.js';
import type { State } from '../../../cli/tui/state.js';
import { withTarget } from '../../../cli/tui/target.js';
import type { Message } from '../../../src/daemon/chat-api.js';
import { comes, event, key, me, message, person, press, shown, start } from '../../support/room-on-screen.js';

/** Shares of a room, as the node tells of them. */
const SHARED = {
  own: async () => ['Album', 'notes.txt'],
  at: async () => ['Album/song 1.ogg', 'Album/sub/', 'Album/song \u001b[2J.ogg', 'Album/b'],
};

t.test('Tab completes verbs, names, offers and paths', async (t) => {
  let state = reduceEvents(start(), [
    comes('a', 'Amber Fox'),
    comes('b', 'Amber Wolf'),
    comes('c', 'evil\u001b[2Jname'),
  ]);
  const complete = async (text: string) => {
    const { editor } = press(start(), text).state;
    const word = begun(editor.text, editor.cursor);
    return word ? wordsFor(state, word, SHARED) : [];
  };
  t.same(await complete('/bl'), ['block ']);
  t.same(await complete('/verify am'), ['Amber Fox', 'Amber Wolf']);
  t.same(await complete('hi @Amber W'), ['Amber Wolf ']);
  t.same(await complete('/verify e'), [], 'a name that a terminal could take for more is not offered');
  t.same(await complete('/send cli/tui/ce'), ['cli/tui/cells.ts']);
  t.same(await complete('/send test/cli'), ['test/cli/']);
  t.same(await complete('/accept 3f09ac12 to test/cli'), ['test/cli/']);
  t.same(await complete('/unshare al'), ['Album']);
  t.same(
    await complete('/get Album/s'),
    ['Album/song 1.ogg', 'Album/sub/'],
    'not what a terminal could take for more',
  );
  t.same(await complete('/ls x'), []);
  t.same(await complete('just words'), []);
  state = press(state, '@a').state;
  const word = begun('@a', 2);
  state = withWords(state, word as NonNullable<typeof word>, ['Amber Fox ', 'Amber Wolf ']);
  t.equal(state.editor.text, '@Amber Fox ');
  state = press(state, key('tab')).state;
  t.equal(state.editor.text, '@Amber Wolf ');
  t.match(shown(state), /Amber Fox {2}\[Amber Wolf\]/);
  t.equal(press(state, 'hi').state.editor.text, '@Amber Wolf hi');
  const path = press(start(), '/send cli/tui/').state;
  const files = withWords(path, begun('/send cli/tui/', 14) as Begun, ['cli/tui/a/', 'cli/tui/b.ts']);
  t.match(shown(files), /── \[a\/\] {2}b\.ts ─/, 'of paths in one folder what differs is shown');
});

t.test('a message is picked with Tab by a tag that stands in the place of its time', async (t) => {
  const texts = Array.from({ length: 60 }, (_, i) => message(`word ${i}.`));
  const own = message('my own', { author: me });
  let state = reduceEvents(
    start(),
    [...texts, own].map((each) => event({ type: 'message', ...each })),
  );
  t.notMatch(shown(state), /#[0-9a-f]{4}/);
  state = press(state, '/reply ').state;
  const last = texts.at(-1) as Message;
  t.match(shown(state), new RegExp(`^ #${last.id.slice(0, 4)} Name a +word 59\\.$`, 'm'));
  const complete = async (text: string) => {
    const typed = press({ ...state, editor: EMPTY_EDITOR }, text).state;
    const word = begun(text, text.length);
    return word ? wordsFor(typed, word, SHARED) : [];
  };
  const words = await complete('/reply ');
  t.equal(words[1], `#${last.id.slice(0, 4)} `, 'the newest come first');
  t.same(await complete('/edit '), [`#${own.id.slice(0, 4)} `], 'only own ones can be changed');
  t.same((await complete('/react ')).slice(0, 2), ['👍', '❤️']);
  t.same((await complete(`/react #${own.id.slice(0, 4)} `)).slice(0, 2), ['👍', '❤️']);
  state = withWords(state, begun('/reply ', 7) as Begun, words);
  for (let i = 0; i < 50; i++) state = press(state, key('tab')).state;
  t.match(shown(state), /word 10\./, 'the log goes along');

  const target = (line: string) =>
    withTarget(
      { ...state, editor: EMPTY_EDITOR, completion: null },
      ...(line.split(' ') as ['reply', string]),
    );
  t.match(target('edit '), { target: { verb: 'edit', message: { id: own.id } }, editor: { text: 'my own' } });
  t.match(target('reply '), { target: { verb: 'reply', message: { text: 'word 59.' } } });
  t.match(target('delete '), { editor: { text: `/delete #${own.id.slice(0, 4)}` }, hint: { tone: 'risk' } });
  t.throws(() => target('reply #ffffff'), { code: 'MESSAGE_UNKNOWN' });
  const replying = target('reply ') as State;
  t.match(shown(replying), /── Answering Name a: word 59\./);
  t.match(press(replying, 'yes', key('enter')).effects.at(-1), {
    type: 'submit',
    text: 'yes',
    target: { message: { text: 'word 59.' } },
  });
  t.equal(press(replying, key('escape')).state.target, null);
  const twins = [message('a'), message('b')].map((each, i) => ({ ...each, id: `abcd${i}`.padEnd(64, '0') }));
  t.throws(() => aboutMessage('react', '#abcd 👍', twins), {
    code: 'USAGE',
    message: /#abcd0000 or #abcd1000/,
  });
  t.match(aboutMessage('react', '#abcd1 👍', twins), { message: { text: 'b' }, text: '👍' });
});

t.test('whom a direct message is for is told from what it says', async (t) => {
  const people = ['Blue', 'Blue Heron', 'Ann'].map((name, i) => person(`p${i}`, name));
  t.same(personAndText('blue heron lunch?', people), { person: 'Blue Heron', text: 'lunch?' });
  t.same(personAndText('Blue: hi there', people), { person: 'Blue', text: 'hi there' });
  t.same(personAndText('Ann#p20000 hi', people), { person: 'Ann#p20000', text: 'hi' });
  t.same(personAndText('"Blue Heron" "quoted"', people), { person: 'Blue Heron', text: '"quoted"' });
  t.same(personAndText('#x7k2p4 hi', people), { person: '#x7k2p4', text: 'hi' });
  for (const wrong of ['', 'Blue', 'Blue Heron', 'Ann  '])
    t.throws(() => personAndText(wrong, people), { code: 'USAGE' }, wrong);
});
