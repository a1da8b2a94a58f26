import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { Transfer } from '../../src/files/transfer.js';
import type { Room } from '../../src/room/room.js';
import { next } from '../support/memory-node.js';
import { people, untilTransfer } from '../support/one-room.js';

const BLOCK = 256 * 1024;

/** People of whom each can give a file of its own to another. */
async function ground(t: Test, ...names: string[]) {
  const { nodes, rooms } = await people(t, ...names);
  const dir = t.testdir({});
  /** `from` gives so many blocks to `to` alone; resolves to the transfer at its receiver, accepted. */
  const give = async (from: number, to: number, blocks: number): Promise<Transfer> => {
    const [giver, taker] = [rooms[from], rooms[to]] as [Room, Room];
    const place = path.join(dir, `${from}-${to}`);
    mkdirSync(path.join(dir, `out-${to}`), { recursive: true });
    writeFileSync(place, randomBytes(blocks * BLOCK));
    const told = next<Transfer>(
      (fn) => taker.files.on('offered', fn),
      ({ author }) => author === nodes[from]?.id,
    );
    await giver.files.offer({ paths: [place], to: nodes[to]?.id });
    const { id } = await told;
    return taker.files.accept(id, { out: path.join(dir, `out-${to}`) });
  };
  const whole = ({ id }: Transfer, at: number) => untilTransfer(rooms[at] as Room, id, 'done');
  return { nodes, rooms, give, whole };
}

for (const cap of ['uploadCap', 'downloadCap'] as const) {
  const [sender, receiver] = [0, 1];
  const capped = cap === 'uploadCap' ? sender : receiver;

  t.test(`a ${cap} that is set while something goes holds at once, and so does its end`, async (t) => {
    const { nodes, rooms, give, whole } = await ground(t, 'Ann', 'Bob');
    nodes[capped]?.[cap].set(16 * BLOCK);
    const startedAt = performance.now();
    const transfer = await give(sender, receiver, 64);
    while (transfer.have.count < 16) await next((fn) => (rooms[receiver] as Room).files.on('progress', fn));
    const seconds = (performance.now() - startedAt) / 1000;
    t.ok(
      transfer.have.count <= 16 * seconds + 16,
      `${transfer.have.count} blocks in ${seconds.toFixed(1)} s`,
    );

    nodes[capped]?.[cap].set(2 * BLOCK);
    const before = transfer.have.count;
    const lookedAt = performance.now();
    await next((fn) => (rooms[receiver] as Room).files.on('progress', fn));
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // what the cap lets through in a time
    const came = transfer.have.count - before;
    const bound = (2 * (performance.now() - lookedAt)) / 1000 + 8; // and what had been asked for
    t.ok(came <= bound, `${came} blocks, at most ${bound.toFixed(0)}`);

    nodes[capped]?.[cap].set(null);
    const endsAt = performance.now();
    await whole(transfer, receiver);
    t.ok(performance.now() - endsAt < 8_000, 'at 2 blocks a second it would take 15 s and more');
  });
}

t.test('an upload cap is shared alike by those who are given something', async (t) => {
  const { nodes, give, whole } = await ground(t, 'Ann', 'Bob', 'Cem');
  nodes[0]?.uploadCap.set(16 * BLOCK);
  const startedAt = performance.now();
  const [toBob, toCem] = await Promise.all([give(0, 1, 16), give(0, 2, 16)]);
  const first = await Promise.race([whole(toBob, 1), whole(toCem, 2)]);
  const other = first === toBob ? toCem : toBob;
  t.ok(other.have.count >= 8, `one has all, the other ${other.have.count} of 16`);
  await Promise.all([whole(toBob, 1), whole(toCem, 2)]);
  t.ok(performance.now() - startedAt > 1_500, '32 blocks at 16 a second, less what may go at once');
});

t.test('a download cap is shared alike by those who give', async (t) => {
  const { nodes, give, whole } = await ground(t, 'Ann', 'Bob', 'Cem');
  nodes[1]?.downloadCap.set(16 * BLOCK);
  const startedAt = performance.now();
  const [ofAnn, ofCem] = await Promise.all([give(0, 1, 24), give(2, 1, 24)]);
  const first = await Promise.race([whole(ofAnn, 1), whole(ofCem, 1)]);
  const other = first === ofAnn ? ofCem : ofAnn;
  t.ok(other.have.count >= 12, `of one all is here, of the other ${other.have.count} of 24`);
  await Promise.all([whole(ofAnn, 1), whole(ofCem, 1)]);
  t.ok(performance.now() - startedAt > 2_000, '48 blocks at 16 a second, less what may be asked for at once');
});
