import './tokens.css';
import './base.css';
import './parts/controls.css';
import { setNonce } from 'get-nonce';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { CallStore } from './call/call-store.js';
import { CallContext } from './call/use-call.js';
import { Talks } from './chat/talks.js';
import { TalksContext } from './chat/use-talks.js';
import { Notifier } from './notify/notifier.js';
import { applyTheme } from './settings/look.js';
import { PageStore } from './state/page-store.js';
import { StoreContext } from './state/use-page.js';

// What Radix adds to the page as styles is let in by this answer's nonce.
const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content;
if (nonce) setNonce(nonce);

applyTheme();
const store = new PageStore();
new Notifier(store).open();

createRoot(document.getElementById('root') as HTMLElement).render(
  <StoreContext value={store}>
    <TalksContext value={new Talks(store)}>
      <CallContext value={new CallStore(store)}>
        <App />
      </CallContext>
    </TalksContext>
  </StoreContext>,
);
