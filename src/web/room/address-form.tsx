import { type FormEvent, useState } from 'react';
import { Failure } from '../parts/failure.js';
import type { RoomState } from '../state/model.js';
import { useStore } from '../state/use-page.js';

/** For networks that tell nobody about anybody: somebody's address, typed in. */
export function AddressForm({ room }: { room: RoomState }) {
  const store = useStore();
  const [open, setOpen] = useState(false);
  const [address, setAddress] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const [tried, setTried] = useState('');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFailure(null);
    try {
      await store.request('join', { room: room.roomId, peers: [address.trim()] });
      setTried(address.trim());
    } catch (err) {
      setFailure((err as Error).message);
    }
  };
  if (!open) {
    return (
      <button type="button" className="button address-open" onClick={() => setOpen(true)}>
        Type an address
      </button>
    );
  }
  return (
    <form className="address-form" onSubmit={(event) => void submit(event)}>
      <label className="field-label" htmlFor="peer-address">
        Address of somebody in this room, as their “npx chatter status” shows it
      </label>
      <div className="setting-line">
        <input
          id="peer-address"
          className="field"
          placeholder="192.168.1.20:4711"
          // biome-ignore lint/a11y/noAutofocus: it was just asked for
          autoFocus
          value={address}
          onChange={(event) => setAddress(event.target.value)}
        />
        <button type="submit" className="button" disabled={address.trim() === ''}>
          Try it
        </button>
      </div>
      <Failure text={failure} />
      <p role="status">{tried && !failure ? `${tried} is being tried.` : ''}</p>
    </form>
  );
}
