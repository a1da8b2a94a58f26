import { mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { MessageId } from '../chat/message.js';
import type { Shown } from '../chat/timeline.js';
import { ChatterError } from '../errors.js';
import type { Talk } from '../node/kept-talks.js';
import { type MessageView, where } from './message-view.js';

const AT_ONCE = 500;

const README = `Histories of Chatter rooms, written by "chatter export".

rooms.json names the rooms and the file of each. In a room's file every line is one message as JSON, oldest first, in
the order of the room. "text" is Markdown; "deleted" and "expired" messages have none. Direct messages that this person
can read are among them: whoever has this folder can read them too.
`;

/** Writes histories into a folder that it makes: JSON Lines, one file a room. Throws FILE_EXISTS and DISK_FAILED. */
export async function exportHistories(
  talks: readonly Talk[],
  view: MessageView,
  out: string,
): Promise<number> {
  const owner = { mode: 0o600 };
  let messages = 0;
  try {
    await mkdir(out, { mode: 0o700 });
    for (const talk of talks) messages += await exportOne(talk, view, path.join(out, fileOf(talk)));
    const index = talks.map((talk) => ({ ...where(talk), file: fileOf(talk) }));
    await writeFile(path.join(out, 'rooms.json'), `${JSON.stringify(index, null, 2)}\n`, owner);
    await writeFile(path.join(out, 'README.txt'), README, owner);
  } catch (err) {
    const code = (err as NodeJS.ErrnoException).code === 'EEXIST' ? 'FILE_EXISTS' : 'DISK_FAILED';
    throw ChatterError.from(err, code);
  }
  return messages;
}

async function exportOne(talk: Talk, view: MessageView, name: string): Promise<number> {
  const file = await open(name, 'wx', 0o600);
  try {
    let count = 0;
    for (let after: Shown | undefined; ; ) {
      const start = after ?? { clock: 0, id: '' as MessageId };
      const page = await talk.chat.page({ after: start, limit: AT_ONCE });
      const lines = (await view.messages(talk, page)).map((message) => `${JSON.stringify(message)}\n`);
      await file.write(lines.join(''));
      count += page.length;
      after = page.at(-1);
      if (!after || page.length < AT_ONCE) return count;
    }
  } finally {
    await file.close();
  }
}

const fileOf = ({ keys }: Talk): string => `${keys.id}.jsonl`;
