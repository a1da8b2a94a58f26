import './alone.css';
import { Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { encode } from 'uqr';
import type { Result } from '../../daemon/api.js';
import { Dialog } from '../parts/dialog.js';
import { Failure } from '../parts/failure.js';
import { useStore } from '../state/use-page.js';

/** What to hand to somebody so that they come into this room. */
export function Invite({ roomId }: { roomId: string }) {
  const store = useStore();
  const [invite, setInvite] = useState<Result<'invite'> | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    store.request('invite', { room: roomId }).then(setInvite, (err: Error) => setFailure(err.message));
  }, [store, roomId]);
  const copy = async () => {
    await navigator.clipboard.writeText((invite as Result<'invite'>).sentence);
    setCopied(true);
  };
  return (
    <div className="invite">
      {invite && <QrCode text={invite.link ?? invite.sentence} />}
      <div>
        <h2>Hand over the invite</h2>
        <p className="invite-sentence">{invite?.sentence}</p>
        <Failure text={failure} />
        <div className="actions">
          <button
            type="button"
            className="button primary"
            disabled={!invite}
            onClick={() =>
              void copy().catch(() => setFailure('Copying was refused: select the text instead.'))
            }
          >
            <Copy aria-hidden="true" /> Copy invite
          </button>
          <span role="status">{copied ? 'Copied' : ''}</span>
        </div>
      </div>
    </div>
  );
}

export function InviteDialog({
  room,
  roomId,
  onClose,
}: {
  room: string;
  roomId: string;
  onClose: () => void;
}) {
  return (
    <Dialog title={`Invite to ${room}`} onClose={onClose}>
      <Invite roomId={roomId} />
    </Dialog>
  );
}

/** Quiet zone of a QR code in modules (ISO/IEC 18004 section 9.1 wants 4; the white frame around it gives 2). */
const QUIET = 2;

export function QrCode({ text, label = 'The invite as a QR code' }: { text: string; label?: string }) {
  const { data, size } = encode(text, { border: QUIET });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label}>
      <path d={path} />
    </svg>
  );
}
