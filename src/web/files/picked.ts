/** A file or folder that was picked, dropped or pasted; its path is relative, with `/` between components. */
export interface Picked {
  path: string;
  /** Null is a folder. */
  file: File | null;
}

/** What a file field holds; of a folder field with the folder's name in front. */
export const pickedFiles = (files: FileList): Picked[] =>
  [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

/** What was dropped, folders with all that is in them. To be called in the event: later it is empty. */
export async function pickedItems(items: DataTransferItemList): Promise<Picked[]> {
  const dropped = [...items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const picked: Picked[] = [];
  for (const { entry, file } of dropped) {
    if (entry) await walk(entry, entry.name, picked);
    else if (file) picked.push({ path: file.name, file }); // from a page or a program, not from a folder
  }
  return picked;
}

/** Pictures on the clipboard have no name of their own that tells anything. */
export function pickedFromClipboard({ files }: DataTransfer, now: Date): Picked[] {
  const time = now.toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.');
  return [...files].map((file, i) => {
    const [, ending] = /^image\/(png|jpeg|gif|webp)$/.exec(file.type) ?? [];
    const isNameless = ending !== undefined && /^image\.\w+$/.test(file.name);
    return { path: isNameless ? `Picture ${time}${i > 0 ? ` ${i}` : ''}.${ending}` : file.name, file };
  });
}

async function walk(entry: FileSystemEntry, path: string, picked: Picked[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    picked.push({ path, file });
    return;
  }
  picked.push({ path, file: null });
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const batch = () =>
    new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  // A folder is read in parts; an empty one is the end.
  for (let part = await batch(); part.length > 0; part = await batch())
    for (const inside of part) await walk(inside, `${path}/${inside.name}`, picked);
}
