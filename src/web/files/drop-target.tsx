import './files.css';
import { FileUp } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Failure } from '../parts/failure.js';
import type { RoomState } from '../state/model.js';
import { type Picked, pickedFromClipboard, pickedItems } from './picked.js';
import { useUploads } from './uploads.js';

/**
 * The whole window takes files and folders for the room that is shown, and says what will happen with them; files on
 * the clipboard too. The button for the same is `AttachButton`.
 */
export function DropTarget({ room }: { room: RoomState }) {
  const uploads = useUploads();
  const [count, setCount] = useState<number | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const { roomId } = room;
  useEffect(() => {
    const offer = (picked: Picked[]) => {
      setFailure(null);
      uploads.offer(roomId, picked).catch((err: unknown) => setFailure((err as Error).message));
    };
    let depth = 0;
    const leave = () => {
      depth = 0;
      setCount(null);
    };
    const on = {
      dragenter: (event: DragEvent) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth++;
        setCount([...(event.dataTransfer?.items ?? [])].filter(({ kind }) => kind === 'file').length);
      },
      dragover: (event: DragEvent) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
      },
      dragleave: () => {
        if (depth > 0 && --depth === 0) leave();
      },
      drop: (event: DragEvent) => {
        if (!hasFiles(event)) return;
        event.preventDefault(); // the browser would open it
        leave();
        if (!event.dataTransfer) return;
        pickedItems(event.dataTransfer.items).then(offer, () =>
          setFailure('What was dropped cannot be read.'),
        );
      },
      paste: ({ clipboardData }: ClipboardEvent) => {
        // A table or a text comes with its picture: the text is meant.
        if (!clipboardData || clipboardData.files.length === 0 || clipboardData.getData('text/plain')) return;
        offer(pickedFromClipboard(clipboardData, new Date()));
      },
    };
    for (const [type, fn] of Object.entries(on)) window.addEventListener(type, fn as EventListener);
    return () => {
      for (const [type, fn] of Object.entries(on)) window.removeEventListener(type, fn as EventListener);
    };
  }, [uploads, roomId]);
  if (count === null) return failure ? <Failure text={failure} /> : null;
  const others = room.here.size;
  return (
    <div className="drop-target" role="status">
      <FileUp aria-hidden="true" />
      <b>
        Drop to offer {count <= 1 ? 'this' : `${count} things`} to everyone in {room.room}
      </b>
      <p>
        {others === 0
          ? 'Nobody else is here now: whoever comes is offered it. Nothing leaves before somebody accepts.'
          : `${others === 1 ? 'One person is' : `${others} people are`} asked. Nothing leaves before somebody accepts.`}
      </p>
      <p>
        <kbd>Esc</kbd> cancels
      </p>
    </div>
  );
}

const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes('Files') ?? false;
