import b4a from 'b4a';
import { z } from 'zod';
import { systemClock } from '../clock.js';
import { ChatterError } from '../errors.js';
import { Identity } from '../identity/identity.js';
import type { PeerId } from '../identity/peer-id.js';
import { seal, unseal } from '../identity/sealed.js';
import { LIMITS } from '../limits.js';
import { keysFromSeed } from '../membership/room-keys.js';
import { normalisePassphrase } from '../membership/room-name.js';
import type { ChatterNode } from '../node/node.js';
import { isLobby, type KnownRoom, KnownRooms } from '../room/known-rooms.js';
import { People } from '../room/people.js';
import type { DataFolder } from '../storage/data-folder.js';
import { Database } from '../storage/database.js';
import { Settings } from '../storage/settings.js';
import { spareSeed } from '../storage/spared-storage.js';
import { cleanName } from '../text.js';

const key = z.base64().refine((text) => b4a.from(text, 'base64').length === 32);
const name = z.string().refine((text) => cleanName(text) === text);

/** What a move to another machine needs: who one is, the rooms one knows, and whom one trusts. No messages, no files. */
const Backup = z.object({
  seed: key,
  name,
  rooms: z
    .array(
      z.object({
        tier: z.enum(['open', 'protected', 'private']),
        label: z.string().max(LIMITS.roomNameBytes),
        rdv: key,
        sec: key,
        secret: key.nullable(),
        lanOnly: z.boolean(),
        ownName: name.nullable(),
      }),
    )
    .max(LIMITS.roomsInBackup),
  people: z
    .array(
      z.object({
        id: z.string().regex(/^[0-9a-f]{64}$/),
        names: z.array(name).max(LIMITS.namesPerPerson),
        firstSeen: z.number(),
        lastSeen: z.number(),
        marks: z.object({ verified: z.boolean(), blocked: z.boolean(), muted: z.boolean() }),
      }),
    )
    .max(LIMITS.knownPeople),
});

/** One line of text that `restore` takes. Throws PASSPHRASE_INVALID. */
export function backUp(node: ChatterNode, passphrase: string): Promise<string> {
  const content: z.input<typeof Backup> = {
    seed: base64(node.identity.seed),
    name: node.name,
    rooms: node.known.map(({ seed, label, secret, keys, ownName }) => ({
      tier: seed.tier,
      label,
      rdv: base64(seed.rdv),
      sec: base64(seed.sec),
      secret: secret && base64(secret),
      lanOnly: keys.lanOnly,
      ownName,
    })),
    people: node.people
      .filter(({ marks }) => marks.verified || marks.blocked || marks.muted)
      .map((person) => ({ ...person, names: [...person.names] })),
  };
  return seal(b4a.from(JSON.stringify(content)), normalisePassphrase(passphrase));
}

/**
 * Makes somebody of a backup live in a data folder where nobody lives yet; no node may run there. Rooms are known there
 * and not joined. A process that dies midway leaves a folder in which nobody lives. Throws BACKUP_WRONG, IDENTITY_EXISTS,
 * PASSPHRASE_INVALID, DATA_FOLDER_LOCKED, DATA_FOLDER_UNUSABLE and STORAGE_FAILED.
 */
export async function restore(folder: DataFolder, sealed: string, passphrase: string): Promise<Identity> {
  const content = Backup.safeParse(parsed(await unseal(sealed, normalisePassphrase(passphrase))));
  if (!content.success) throw new ChatterError('BACKUP_WRONG', { cause: content.error });
  folder.create();
  const living = spareSeed(folder.database);
  const isTaken = living !== null && !b4a.equals(living, b4a.from(content.data.seed, 'base64'));
  if (isTaken || folder.read(folder.identity) !== null) throw new ChatterError('IDENTITY_EXISTS');
  const database = new Database(folder.database);
  try {
    await database.open();
    const { seed, name, rooms, people } = content.data;
    await (await Settings.load(database)).set('name', name);
    const known = await KnownRooms.load(database);
    for (const room of rooms) await known.put(asKnown(room));
    const others = await People.load(database, systemClock);
    for (const person of people) await others.mark({ ...person, id: person.id as PeerId }, person.marks);
    return await Identity.restore(folder.identity, b4a.from(seed, 'base64')); // last: from here on somebody lives here
  } finally {
    await database.close();
  }
}

function asKnown(room: z.output<typeof Backup>['rooms'][number]): KnownRoom {
  const { tier, label, ownName } = room;
  const seed = { tier, rdv: b4a.from(room.rdv, 'base64'), sec: b4a.from(room.sec, 'base64') };
  const keys = keysFromSeed(seed, room.lanOnly || isLobby({ seed, label }));
  return {
    keys,
    seed,
    label,
    secret: room.secret === null ? null : b4a.from(room.secret, 'base64'),
    joined: false,
    ownName,
  };
}

function parsed(plain: Uint8Array): unknown {
  try {
    return JSON.parse(b4a.toString(plain));
  } catch {
    return null;
  }
}

const base64 = (bytes: Uint8Array) => b4a.toString(bytes, 'base64');
