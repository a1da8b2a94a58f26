import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { KeptNode } from '../support/kept-node.js';

const ROOM = 'kept';

const open = (t: Test, name: string) =>
  KeptNode.open(t, mkdtempSync(path.join(tmpdir(), `chatter-${name}-`)));

/** Two people in one room who know each other is there. */
async function two(t: Test): Promise<[KeptNode, KeptNode]> {
  const [ann, bob] = [await open(t, 'ann'), await open(t, 'bob')];
  await ann.join(ROOM);
  await bob.join(ROOM, ann);
  await ann.until(() => ann.node.room(ROOM).members.length === 1);
  await bob.until(() => bob.node.room(ROOM).members.length === 1);
  return [ann, bob];
}

t.test('direct messages of a stranger wait for an answer, and are not counted until then', async (t) => {
  const [ann, bob] = await two(t);
  await bob.ask('dm', { room: ROOM, person: ann.id, text: 'psst' });
  const [request] = await ann.until(async () => {
    const requests = await ann.ask('requests', {});
    return requests.length > 0 && requests;
  });
  t.match(request, { person: { id: bob.id }, messages: 1, last: { text: 'psst', request: true } });
  await ann.until(() => ann.events.some((event) => event.type === 'unread' && event.requests === 1));
  t.match(await ann.ask('unread', {}), [{ unread: 0, requests: 1 }]);
  t.match(await ann.view.rooms(), [{ unread: 0, requests: 1, last: { text: 'psst', request: true } }]);

  await ann.ask('dmAnswer', { room: ROOM, person: bob.id, accept: false });
  t.same(await ann.texts(ROOM), [], 'declined: nothing of it is shown');
  t.same(await ann.ask('requests', {}), []);
  t.match(await ann.ask('unread', {}), [{ unread: 0, requests: 0 }]);

  await ann.ask('dmAnswer', { room: ROOM, person: bob.id, accept: true });
  t.same(await ann.texts(ROOM), ['psst'], 'wanted after all: it is there again');
  t.match(await ann.ask('unread', {}), [{ unread: 1, requests: 0 }]);
  t.match((await ann.ask('history', { room: ROOM })).messages, [{ to: { id: ann.id } }]);
  t.notOk((await ann.ask('history', { room: ROOM })).messages[0]?.request);
});

t.test('nothing of a blocked person is shown or counted, and pages are full without them', async (t) => {
  const [ann, bob] = await two(t);
  for (let i = 0; i < 4; i++) {
    await bob.ask('say', { room: ROOM, text: `bob ${i}` });
    await ann.until(async () => (await ann.texts(ROOM)).includes(`bob ${i}`));
    await ann.ask('say', { room: ROOM, text: `ann ${i}` });
  }
  await ann.view.mark({ person: bob.id, blocked: true });
  const page = await ann.ask('history', { room: ROOM, limit: 3 });
  t.match(page.messages, [{ text: 'ann 1' }, { text: 'ann 2' }, { text: 'ann 3' }]);
  t.ok(page.more, 'there is one more');
  t.same((await ann.ask('history', { room: ROOM, search: 'bob' })).messages, []);
  t.match(await ann.ask('unread', {}), [{ unread: 0 }]);
  await ann.view.mark({ person: bob.id, blocked: false });
  t.equal((await ann.texts(ROOM)).length, 8, 'unblocked, all of it is there again');
});

t.test('a room that is not joined is read, marked and exported from the disk', async (t) => {
  const [ann, bob] = await two(t);
  await ann.ask('say', { room: ROOM, text: 'before I went' });
  await bob.has(ROOM, ['before I went']);
  await bob.view.leave({ room: ROOM });
  t.match(await bob.view.rooms(), [{ joined: false, unread: 1, last: { text: 'before I went' } }]);
  t.match((await bob.ask('history', { room: ROOM, search: 'went' })).messages, [{ text: 'before I went' }]);
  t.same(await bob.ask('read', { room: ROOM }), { unread: 0, mentions: 0 });
  await t.rejects(bob.ask('say', { room: ROOM, text: 'hello?' }), { code: 'ROOM_UNKNOWN' });
  await ann.ask('say', { room: ROOM, text: 'and after' });
  await bob.join(ROOM, ann);
  await bob.has(ROOM, ['before I went', 'and after']);
  t.match(await bob.ask('unread', {}), [{ unread: 1 }], 'what was read on disk stays read');
});

t.test(
  'an export has every message of every room as a line, and takes no folder that is there',
  async (t) => {
    const ann = await open(t, 'ann');
    await ann.join(ROOM);
    await ann.join('other');
    await ann.ask('say', { room: ROOM, text: 'one\nin two lines' });
    const { id } = await ann.ask('say', { room: 'other', text: 'two' });
    await ann.ask('delete', { room: 'other', id });
    await ann.view.leave({ room: 'other' });
    const out = path.join(t.testdir({}), 'out');
    t.match(await ann.ask('export', { out }), { rooms: 2, messages: 2 });
    const rooms = JSON.parse(readFileSync(path.join(out, 'rooms.json'), 'utf8')) as {
      room: string;
      file: string;
    }[];
    const lines = rooms.map(({ file }) => readFileSync(path.join(out, file), 'utf8').trim().split('\n'));
    t.match(
      lines.map((each) => each.map((line) => JSON.parse(line) as object)),
      [[{ room: ROOM, text: 'one\nin two lines' }], [{ room: 'other', text: '', deleted: true }]],
    );
    t.ok(existsSync(path.join(out, 'README.txt')));
    await t.rejects(ann.ask('export', { out }), { code: 'FILE_EXISTS' });
    await t.rejects(ann.ask('export', { out: 'here' }), { code: 'API_BAD_REQUEST' });
  },
);

t.test(
  '[C13] what is deleted for everyone is in no file of anybody, and comes to nobody later',
  async (t) => {
    const [ann, bob] = await two(t);
    const secret = 'zebrafinch-4711';
    const { id } = await ann.ask('say', { room: ROOM, text: `it is ${secret}` });
    await ann.ask('edit', { room: ROOM, id, text: `it was ${secret}` });
    await ann.ask('say', { room: ROOM, text: 'something else' });
    await bob.has(ROOM, [`it was ${secret}`, 'something else']);
    t.not(bob.filesWith(secret).length, 0, 'it is there first');
    await ann.ask('delete', { room: ROOM, id });
    await bob.has(ROOM, ['', 'something else']);
    t.same([ann.filesWith(secret), bob.filesWith(secret)], [[], []], 'while they run');
    const cid = await open(t, 'cid');
    await cid.join(ROOM, bob);
    await cid.has(ROOM, ['', 'something else']);
    t.same(cid.filesWith(secret), []);
    await Promise.all([ann, bob, cid].map((each) => each.close()));
    t.same(
      [ann, bob, cid].map((each) => each.filesWith(secret)),
      [[], [], []],
      'and after their end',
    );
  },
);

t.test('[C13] a direct message is plain text at two people alone, though a third hands it on', async (t) => {
  const [ann, bob] = await two(t);
  const secret = 'wagtail-0815';
  const cid = await open(t, 'cid');
  await cid.join(ROOM, bob);
  await cid.ask('say', { room: ROOM, text: 'I am Cid' });
  await bob.has(ROOM, ['I am Cid']);
  await ann.has(ROOM, ['I am Cid']);
  await cid.close();
  const { id } = await ann.ask('dm', { room: ROOM, person: otherWhoSpoke(ann), text: secret });
  await bob.until(async () => (await bob.node.room(ROOM).chat.size()).messages === 2);
  t.same(bob.filesWith(secret), [], 'Bob keeps what he cannot read');
  t.same(await bob.texts(ROOM), ['I am Cid']);
  await ann.close();
  await cid.open();
  await cid.join(ROOM, bob);
  const got = await cid.until(async () => {
    const { messages } = await cid.ask('history', { room: ROOM });
    return messages.find((message) => message.id === id);
  });
  t.match(got, { text: secret, to: { id: cid.id }, request: true }, 'and gives it to Cid when Ann is gone');
  t.same(bob.filesWith(secret), []);
});

/** The id of the only other person who has spoken. */
function otherWhoSpoke(node: KeptNode): string {
  const { author } = node.events.filter((event) => event.type === 'message').at(-1) as {
    author: { id: string };
  };
  return author.id;
}

t.test('a forgotten room is in no file, with what was offered in it; others keep theirs', async (t) => {
  const [ann, bob] = await two(t);
  const secret = 'bullfinch-1234';
  const folder = t.testdir({ 'bullfinch-1234.txt': 'content' });
  await bob.node.room(ROOM).files.offer({ paths: [path.join(folder, 'bullfinch-1234.txt')] });
  await bob.ask('say', { room: ROOM, text: secret });
  await ann.until(async () => (await ann.texts(ROOM)).includes(secret));
  await ann.until(() => ann.node.room(ROOM).files.transfers.length === 1);
  await ann.ask('draft', { room: ROOM, text: `half of ${secret}` });
  t.not(ann.filesWith(secret).length, 0);
  t.match(await ann.ask('forget', { room: ROOM }), { room: ROOM, messages: 2 });
  t.match(ann.events.at(-1), { type: 'left', forgotten: true });
  t.same(ann.filesWith(secret), []);
  t.same(await ann.view.rooms(), []);
  await t.rejects(ann.ask('history', { room: ROOM }), { code: 'ROOM_UNKNOWN' });
  t.ok((await bob.texts(ROOM)).includes(secret));
  await ann.join(ROOM, bob);
  await ann.until(async () => (await ann.texts(ROOM)).includes(secret));
  t.pass('it can be joined again, and has its history from others');
});

t.test('who comes later sees what was offered, and gets it from whoever has it', async (t) => {
  const [ann, bob] = await two(t);
  const folder = t.testdir({ 'plan.txt': 'the plan', out: {}, got: {} });
  await ann.node.room(ROOM).files.offer({ paths: [path.join(folder, 'plan.txt')] });
  const [transfer] = await bob.until(() => {
    const { transfers } = bob.node.room(ROOM).files;
    return transfers.length > 0 && transfers;
  });
  const id = transfer?.id as never;
  await bob.node.room(ROOM).files.accept(id, { out: path.join(folder, 'out') });
  await bob.until(() => bob.node.room(ROOM).files.transfers[0]?.state === 'done');
  await ann.close();
  const cid = await open(t, 'cid');
  await cid.join(ROOM, bob);
  const [message] = await cid.until(async () => {
    const { messages } = await cid.ask('history', { room: ROOM });
    return messages.length > 0 && messages;
  });
  t.match(message, {
    kind: 'file',
    text: 'offered plan.txt, 8 bytes',
    file: { transfer: id, name: 'plan.txt', bytes: 8, files: 1 },
  });
  await cid.until(() => cid.node.room(ROOM).files.transfers.length === 1);
  await cid.node.room(ROOM).files.accept(id, { out: path.join(folder, 'got') });
  await cid.until(() => cid.node.room(ROOM).files.transfers[0]?.state === 'done');
  t.equal(readFileSync(path.join(folder, 'got', 'plan.txt'), 'utf8'), 'the plan');
});

t.test('a call of the room is a line when it begins and one when its last member leaves', async (t) => {
  const [ann, bob] = await two(t);
  ann.node.room(ROOM).call.join({ decodes: [] });
  await bob.until(() => bob.node.room(ROOM).call.calls.length === 1);
  bob.node.room(ROOM).call.join({ decodes: [] });
  await ann.until(() => ann.node.room(ROOM).call.calls[0]?.members.length === 2);
  ann.node.room(ROOM).call.leave();
  await bob.until(() => bob.node.room(ROOM).call.calls[0]?.members.length === 1);
  bob.node.room(ROOM).call.leave();
  const { messages } = await ann.until(async () => {
    const page = await ann.ask('history', { room: ROOM });
    return page.messages.length === 2 && page;
  });
  t.match(messages, [
    { kind: 'call', author: { id: ann.id }, text: 'started a call', call: { what: 'started' } },
    {
      kind: 'call',
      author: { id: bob.id },
      text: 'ended a call of 0 s',
      call: { what: 'ended', seconds: 0 },
    },
  ]);
  t.equal(messages[0]?.call?.call, messages[1]?.call?.call, 'it is one call');
});

t.test(
  'a call that somebody was in alone is in the history too, and so is the end of one whose others were lost',
  async (t) => {
    const [ann, bob] = await two(t);
    const [annId, bobId] = [ann.id, bob.id];
    const call = () => bob.node.room(ROOM).call;
    const calls = async (count: number) => {
      const { messages } = await bob.ask('history', { room: ROOM });
      return messages.length === count && messages;
    };
    ann.node.room(ROOM).call.join({ decodes: [] });
    await bob.until(() => call().calls.length === 1);
    ann.node.room(ROOM).call.leave();
    t.match(await bob.until(() => calls(2)), [
      { kind: 'call', author: { id: annId }, call: { what: 'started' } },
      { kind: 'call', author: { id: annId }, call: { what: 'ended' } },
    ]);

    ann.node.room(ROOM).call.join({ decodes: [] });
    await bob.until(() => call().calls.length === 1);
    call().join({ decodes: [] });
    await ann.until(() => ann.node.room(ROOM).call.calls[0]?.members.length === 2);
    await ann.close();
    await bob.until(() => call().calls[0]?.members.length === 1);
    t.equal((await bob.ask('history', { room: ROOM })).messages.length, 3, 'Bob is still in it');
    call().leave();
    t.match((await bob.until(() => calls(4))).slice(2), [
      { kind: 'call', author: { id: annId }, call: { what: 'started' } },
      { kind: 'call', author: { id: bobId }, call: { what: 'ended' } },
    ]);
  },
);
