import './files.css';
import { File, Folder, Paperclip } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useEffect, useRef, useState } from 'react';
import { Failure } from '../parts/failure.js';
import type { RoomState } from '../state/model.js';
import { type Picked, pickedFiles } from './picked.js';
import { useUploads } from './uploads.js';

/** Picks files or a folder to offer to everybody in the room; Ctrl+U does too. */
export function AttachButton({ room }: { room: RoomState }) {
  const uploads = useUploads();
  const [failure, setFailure] = useState<string | null>(null);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'u' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      files.current?.click();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  const offer = (picked: Picked[]) => {
    setFailure(null);
    uploads.offer(room.roomId, picked).catch((err: unknown) => setFailure((err as Error).message));
  };
  const field = { type: 'file', multiple: true, hidden: true, tabIndex: -1 } as const;
  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger className="icon-button" aria-label="Offer files" title="Offer files (Ctrl+U)">
          <Paperclip aria-hidden="true" />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="file-menu" align="start" side="top" sideOffset={4}>
            <DropdownMenu.Item className="file-menu-item" onSelect={() => files.current?.click()}>
              <File aria-hidden="true" /> Files…
            </DropdownMenu.Item>
            <DropdownMenu.Item className="file-menu-item" onSelect={() => folder.current?.click()}>
              <Folder aria-hidden="true" /> Folder…
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <input
        {...field}
        ref={files}
        aria-label="Files to offer"
        onChange={({ target }) => {
          if (target.files) offer(pickedFiles(target.files));
          target.value = '';
        }}
      />
      <input
        {...field}
        ref={(element) => {
          folder.current = element;
          element?.toggleAttribute('webkitdirectory', true); // React's types know no such attribute
        }}
        aria-label="Folder to offer"
        onChange={({ target }) => {
          if (target.files) offer(pickedFiles(target.files));
          target.value = '';
        }}
      />
      <Failure text={failure} />
    </>
  );
}
