import b4a from 'b4a';
import { EMPTY, hkdf } from './hkdf.js';
import { normalisePassphrase, normaliseRoomName } from './room-name.js';
import { stretch } from './stretch.js';
import { info, type Tier } from './tier.js';

/** What a room's name, passphrase or link was stretched to: stored, so that it is stretched once. Two times 32 bytes. */
export interface RoomSeed {
  readonly tier: Tier;
  /** Anyone who knows the name or link has it; what is announced is derived from it alone. */
  readonly rdv: Uint8Array;
  /** Only members have it. */
  readonly sec: Uint8Array;
}

/** Everything derived from a seed (PROTOCOL.md [M2]). */
export interface RoomKeys {
  readonly tier: Tier;
  /** `roomId` in hex: names the room on this machine; never sent. */
  readonly id: string;
  readonly roomId: Uint8Array;
  readonly topic: Uint8Array;
  readonly mdnsKey: Uint8Array;
  readonly helloKey: Uint8Array;
  /** 64 bytes: the PAKE's password. */
  readonly prs: Uint8Array;
  /** True for a room that is looked for on this network alone: the lobby, and others if their people want it. */
  readonly lanOnly: boolean;
}

const utf8 = (text: string) => b4a.from(text);

/** Throws ROOM_NAME_INVALID. */
export async function openRoomSeed(name: string): Promise<RoomSeed> {
  const rdv = await stretchName(normaliseRoomName(name), 1);
  return { tier: 'open', rdv, sec: rdv };
}

/** Throws ROOM_NAME_INVALID or PASSPHRASE_INVALID. */
export async function protectedRoomSeed(name: string, passphrase: string): Promise<RoomSeed> {
  const [normalName, normalPass] = [normaliseRoomName(name), normalisePassphrase(passphrase)];
  const rdv = await stretchName(normalName, 2);
  const sec = await stretch(
    utf8(`roomproof/v1/pass\0${normalPass}`),
    b4a.concat([utf8('roomproof/v1/salt/pass'), rdv]),
  );
  return { tier: 'protected', rdv, sec };
}

/** `secret` of 32 random bytes. */
export function privateRoomSeed(secret: Uint8Array): RoomSeed {
  const derive = (label: string) => hkdf(secret, EMPTY, info(label, 'private'), 32);
  return { tier: 'private', rdv: derive('link-rdv'), sec: derive('link-sec') };
}

/** `lanOnly` is a choice of this node's and changes nothing that others could see but where it looks. */
export function keysFromSeed({ tier, rdv, sec }: RoomSeed, lanOnly = false): RoomKeys {
  const derive = (from: Uint8Array, label: string, length: number) =>
    hkdf(from, EMPTY, info(label, tier), length);
  const roomId = derive(sec, 'room-id', 32);
  return {
    tier,
    id: b4a.toString(roomId, 'hex'),
    roomId,
    topic: derive(rdv, 'dht-topic', 32),
    mdnsKey: derive(rdv, 'mdns-key', 32),
    helloKey: derive(rdv, 'hello-key', 32),
    prs: derive(sec, 'cpace-prs', 64),
    lanOnly,
  };
}

const stretchName = (name: string, tierByte: number) =>
  stretch(
    b4a.concat([utf8('roomproof/v1/name\0'), b4a.from([tierByte]), utf8(name)]),
    utf8('roomproof/v1/salt/name'),
  );
