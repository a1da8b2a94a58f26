import type { Test } from 'tap';
import type { Transfer } from '../../src/files/transfer.js';
import type { Room } from '../../src/room/room.js';
import { MemoryNetwork } from './memory-discovery.js';
import { MemoryNode, next, roomNumber } from './memory-node.js';

/** People in one room, by name, each of whom sees all others. */
export async function people(t: Test, ...names: string[]): Promise<{ nodes: MemoryNode[]; rooms: Room[] }> {
  const network = new MemoryNetwork();
  const nodes: MemoryNode[] = [];
  const rooms: Room[] = [];
  for (const name of names) {
    const node = await MemoryNode.open(t, name, network);
    nodes.push(node);
    rooms.push(await node.join(roomNumber(1)));
  }
  await Promise.all(
    rooms.map(async (room) => {
      while (room.members.length < names.length - 1) await next((fn) => room.on('member-joined', fn));
    }),
  );
  return { nodes, rooms };
}

/** Resolves when a transfer is in this state at this room's. */
export async function untilTransfer(room: Room, id: string, state: Transfer['state']): Promise<Transfer> {
  const find = () => room.files.transfers.find((each) => each.id === id && each.state === state);
  return (
    find() ??
    next<Transfer>(
      (fn) => room.files.on('changed', fn),
      () => find() !== undefined,
    )
  );
}

/** Resolves when everything that a room shares has been hashed. */
export async function hashed({ shares }: Room): Promise<void> {
  const whole = () => shares.shares.every(({ tree }) => tree.root?.hash);
  while (!whole()) await next((fn) => shares.on('changed', fn));
}
