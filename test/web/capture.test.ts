import fc from 'fast-check';
import t from 'tap';
import { Capture } from '../../src/web/call/capture/capture.js';
import { liveSources, type SourceId } from '../../src/web/call/capture/capture-state.js';
import { capturedWords, receivedWords } from '../../src/web/call/capture/capture-words.js';

/** A device's track, with what a test asks of it. */
class FakeTrack extends EventTarget {
  readonly kind: string;
  readyState: 'live' | 'ended' = 'live';

  constructor(kind: string) {
    super();
    this.kind = kind;
  }

  stop(): void {
    this.readyState = 'ended';
  }

  /** The device is gone: the browser ends the track and tells. */
  unplug(): void {
    if (this.readyState === 'ended') return;
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

interface Question {
  source: SourceId;
  grant: () => FakeTrack;
  refuse: (name: string) => void;
}

/** A browser whose answers come when the test gives them, in any order. */
function browser() {
  const questions: Question[] = [];
  const tracks: { source: SourceId; track: FakeTrack }[] = [];
  const open = (source: SourceId): Promise<MediaStream> =>
    new Promise((resolve, reject) => {
      questions.push({
        source,
        grant: () => {
          const track = new FakeTrack(source === 'microphone' ? 'audio' : 'video');
          tracks.push({ source, track });
          resolve({ getTracks: () => [track] } as unknown as MediaStream);
          return track;
        },
        refuse: (name) => reject(Object.assign(new Error(name), { name })),
      });
    });
  const live = () => tracks.filter(({ track }) => track.readyState === 'live');
  return { questions, tracks, open, live };
}

const settled = () => new Promise((done) => setImmediate(done));

const SOURCES: readonly SourceId[] = ['microphone', 'camera', 'screen-1', 'screen-2'];
const source = fc.constantFrom(...SOURCES);
const act = fc.oneof(
  fc.record({ do: fc.constant('want' as const), source }),
  fc.record({ do: fc.constant('stop' as const), source }),
  fc.record({ do: fc.constant('stop-all' as const) }),
  fc.record({ do: fc.constant('grant' as const), which: fc.nat(5) }),
  fc.record({
    do: fc.constant('refuse' as const),
    which: fc.nat(5),
    name: fc.constantFrom('NotAllowedError', 'NotFoundError', 'NotReadableError', 'TypeError'),
  }),
  fc.record({ do: fc.constant('unplug' as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant('close' as const) }),
);

t.test(
  '[D13] in every order of clicks, answers and removals: what is live is what the page says',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const { questions, tracks, open, live } = browser();
        const capture = new Capture(open, () => {});
        let clicks = 0;
        for (const each of acts) {
          if (each.do === 'want') {
            clicks++;
            capture.want(each.source);
          } else if (each.do === 'stop') capture.stop(each.source);
          else if (each.do === 'stop-all') capture.stopAll();
          else if (each.do === 'close') capture.close();
          else if (each.do === 'unplug') tracks[each.which % Math.max(1, tracks.length)]?.track.unplug();
          else {
            const [question] = questions.splice(each.which % Math.max(1, questions.length), 1);
            if (each.do === 'grant') question?.grant();
            else question?.refuse(each.name);
          }
          await settled();
          const says = liveSources(capture.state).sort();
          const are = live()
            .map((each) => each.source)
            .sort();
          if (String(says) !== String(are)) throw new Error(`the page says ${says}, live are ${are}`);
          if ((capturedWords(capture.state) === null) !== (are.length === 0))
            throw new Error('the line is wrong');
          if (tracks.length > clicks) throw new Error('captured without a click');
        }
        capture.close();
        for (const question of questions) question.grant();
        await settled();
        if (live().length > 0) throw new Error('live after the end');
      }),
      { numRuns: 300 },
    );
    t.pass('held');
  },
);

t.test(
  'an answer that comes too late is stopped at once; another device takes over without a gap',
  async (t) => {
    const { questions, open, live } = browser();
    const capture = new Capture(open, () => {});
    capture.want('camera');
    capture.stop('camera');
    const late = questions.shift()?.grant();
    await settled();
    t.equal(late?.readyState, 'ended');
    capture.want('camera');
    const first = questions.shift()?.grant();
    await settled();
    capture.want('camera');
    t.equal(first?.readyState, 'live', 'the old one goes on until the new one is there');
    const second = questions.shift()?.grant();
    await settled();
    t.same([first?.readyState, second?.readyState], ['ended', 'live']);
    second?.unplug();
    t.equal(live().length, 0);
    t.equal(capture.state.slots.get('camera')?.failure, 'unplugged');
  },
);

t.test('what is captured is said in words', async (t) => {
  const { questions, open } = browser();
  const capture = new Capture(open, () => {});
  t.equal(capturedWords(capture.state), null);
  for (const each of ['microphone', 'camera', 'screen-1'] as const) {
    capture.want(each);
    questions.shift()?.grant();
    await settled();
  }
  t.equal(capturedWords(capture.state), 'Microphone, camera and a screen are on.');
  t.equal(receivedWords(capture.state, [], false), 'Only you see and hear it.');
  t.equal(receivedWords(capture.state, ['Ann'], false), 'Ann hears and sees you, sees what you show.');
  capture.stop('screen-1');
  t.equal(receivedWords(capture.state, ['Ann', 'Bob'], true), 'Ann and Bob hear and see you.');
  capture.stop('camera');
  t.equal(receivedWords(capture.state, ['Ann'], false), 'Ann hears you.');
});
