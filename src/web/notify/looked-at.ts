/** Held by every tab of this node's page that somebody looks at. */
const LOCK = 'chatter-looked-at';

/** Says to the other tabs, from now on, whether this one is looked at: in sight, and with the focus. */
export function tellOtherTabs(): void {
  let release: (() => void) | null = null;
  const follow = () => {
    if (isLookedAt() && !release) {
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      void navigator.locks.request(LOCK, { mode: 'shared' }, () => held);
    } else if (!isLookedAt()) {
      release?.();
      release = null;
    }
  };
  document.addEventListener('visibilitychange', follow);
  window.addEventListener('focus', follow);
  window.addEventListener('blur', follow);
  follow();
}

/** Whether any tab of this node's page is looked at. */
export async function anyTabIsLookedAt(): Promise<boolean> {
  if (isLookedAt()) return true;
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === LOCK);
}

const isLookedAt = (): boolean => !document.hidden && document.hasFocus();
