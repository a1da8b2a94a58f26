import { useEffect, useRef, useState } from 'react';
import type { TransferInfo } from '../../daemon/files-api.js';
import type { PageStore } from '../state/page-store.js';
import { useStore } from '../state/use-page.js';
import { size } from './amounts.js';
import { readBody } from './bodies.js';
import { isPictureName, pictureHeader } from './picture-header.js';

/** Larger ones wait for a click, whoever sent them. */
const BY_ITSELF_BYTES = 2_000_000;
const MAX_BYTES = 30_000_000;
/** Pixels across, twice what the card is wide. */
const MAX_WIDTH = 1040;

/** Whether a transfer is one picture that can be shown in its card. */
export const isPicture = ({ entries, files, total }: TransferInfo): boolean => {
  const [only] = entries;
  return files === 1 && only !== undefined && !only.folder && isPictureName(only.name) && total <= MAX_BYTES;
};

/**
 * A picture that is here, decoded as a picture and nothing else: the bytes are never a document, an element's source
 * or a link; what comes out of the decoder is pixels. `asked`: somebody has clicked to see it.
 */
export function Picture({ info, asked }: { info: TransferInfo; asked: boolean }) {
  const store = useStore();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [clicked, setClicked] = useState(asked);
  const [state, setState] = useState<'waiting' | 'shown' | 'failed'>('waiting');
  const byItself = useByItself(info);
  const wanted = asked || clicked || byItself;
  const name = info.entries[0]?.name ?? '';
  useEffect(() => {
    if (!wanted) return undefined;
    let gone = false;
    draw(store, info.transfer, () => (gone ? null : canvas.current)).then(
      (drawn) => !gone && setState(drawn ? 'shown' : 'failed'),
      () => !gone && setState('failed'),
    );
    return () => {
      gone = true;
    };
  }, [wanted, store, info.transfer]);
  if (!wanted) {
    return (
      <button type="button" className="button" onClick={() => setClicked(true)}>
        Show picture ({size(info.total)})
      </button>
    );
  }
  if (state === 'failed') return <p className="file-state">This is no picture that can be shown.</p>;
  return (
    <canvas
      ref={canvas}
      className="file-picture"
      role="img"
      aria-label={`Picture ${name}`}
      hidden={state === 'waiting'}
    />
  );
}

/** One's own, and small ones from people whose files are taken without asking. */
function useByItself({ mine, from, total }: TransferInfo): boolean {
  const store = useStore();
  const isTrusted = 'verified' in from && from.verified === true;
  const [taken, setTaken] = useState(false);
  useEffect(() => {
    if (!isTrusted) return;
    void store.request('settings', {}).then(
      (settings) =>
        setTaken(settings.some(({ key, value }) => key === 'auto-accept' && value === 'verified')),
      () => {},
    );
  }, [store, isTrusted]);
  return total <= BY_ITSELF_BYTES && (mine || (isTrusted && taken));
}

/** False where it is no picture. */
async function draw(
  store: PageStore,
  transfer: string,
  target: () => HTMLCanvasElement | null,
): Promise<boolean> {
  const bytes = await readBody(store, transfer, 0);
  const header = pictureHeader(bytes);
  if (!header) return false;
  const options: ImageBitmapOptions =
    header.width > MAX_WIDTH ? { resizeWidth: MAX_WIDTH, resizeQuality: 'medium' } : {};
  // The type is what the bytes are, never what a name says.
  const bitmap = await createImageBitmap(new Blob([bytes], { type: header.type }), options);
  const canvas = target();
  if (!canvas) return false;
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap);
  return true;
}
