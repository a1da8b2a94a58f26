import { Unplug } from 'lucide-react';
import { usePage, useStore } from '../state/use-page.js';

/** One line across the window while this computer's node does not answer. */
export function LinkStrip() {
  const store = useStore();
  const { link } = usePage();
  if (link === 'open') return <div className="strip" role="alert" hidden />;
  const stopped = link === 'stopped';
  return (
    <div className="strip warn" role="alert">
      <Unplug aria-hidden="true" />
      <span>
        <b>{stopped ? 'Chatter was stopped.' : 'Chatter does not answer.'}</b>{' '}
        {stopped
          ? 'What you see is from before. To start it again: npx chatter open'
          : 'It is looked for again and again; what you have typed stays here.'}
      </span>
      <button type="button" className="button" onClick={() => store.again()}>
        Try now
      </button>
    </div>
  );
}
