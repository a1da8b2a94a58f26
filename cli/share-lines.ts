import type { SharedInfo, ShareInfo } from '../src/daemon/files-api.js';
import { toHome } from './home-path.js';
import { safe } from './output.js';
import { personLabel } from './person-commands.js';
import { size } from './transfer-lines.js';

/** How many and how much. */
const amount = (files: number, bytes: number): string =>
  `${files === 1 ? '1 file' : `${files} files`}, ${size(bytes)}`;

/** Something that one shares, as a line of a list. */
export const shareLine = (info: ShareInfo): string =>
  `${info.share.slice(0, 8)}  ${whatIsShared(info)}  ${safe(info.path)} in ${safe(info.room)}`;

/** The same within the room, where its name is what commands take. */
export const shareLineHere = (info: ShareInfo): string => `${whatIsShared(info)}  ${safe(toHome(info.path))}`;

const whatIsShared = ({ name, folder, files, bytes, state }: ShareInfo): string =>
  `${safe(name)}${folder ? '/' : ''}  ${state === 'gone' ? 'gone' : amount(files, bytes)}`;

/** What is the same at several people, once, with all of them. */
export function sharedLines(entries: readonly SharedInfo[]): string[] {
  const lines = new Map<string, { entry: SharedInfo; owners: string[] }>();
  for (const entry of entries) {
    const { path, hash, owner } = entry;
    const key = `${path}\n${hash ?? owner.id}`;
    const line = lines.get(key) ?? { entry, owners: [] };
    line.owners.push(personLabel(owner));
    lines.set(key, line);
  }
  return [...lines.values()].map(({ entry: { path, folder, size: bytes, files, risky }, owners }) => {
    const what = folder ? amount(files, bytes) : size(bytes);
    return `${safe(path)}${folder ? '/' : ''}  ${what}  ${owners.join(', ')}${risky ? '  ! could run or hide something' : ''}`;
  });
}

/** One line a content, with the digits that name it. */
export function differing(entries: readonly SharedInfo[]): { entry: SharedInfo; text: string }[] {
  const contents = new Map<string, SharedInfo[]>();
  for (const entry of entries) {
    const key = entry.hash ?? `${entry.owner.id} ${entry.path}`;
    contents.set(key, [...(contents.get(key) ?? []), entry]);
  }
  return [...contents.values()].map((same) => {
    const [entry] = same as [SharedInfo];
    const digits = entry.hash === null ? 'not hashed yet' : entry.hash.slice(0, 8);
    return { entry, text: `${sharedLines(same).join('; ')}  [${digits}]` };
  });
}
