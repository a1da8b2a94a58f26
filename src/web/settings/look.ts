/** How the page looks and when it speaks up, in this browser. */
export interface Look {
  theme: 'system' | 'light' | 'dark';
  /** What the system is told of while the page is hidden. */
  notify: 'off' | 'mentions' | 'all';
  /** Whether a message names its author and shows its text outside of the page. */
  notifyText: boolean;
  /** Ids of rooms of which nothing is told, and that do not count in the title. */
  mutedRooms: readonly string[];
}

const STORED = 'chatter-look';
const DEFAULTS: Look = { theme: 'system', notify: 'off', notifyText: true, mutedRooms: [] };

let look = load();
const listeners = new Set<() => void>();

export const currentLook = (): Look => look;

/** Changes some of it, for good. */
export function setLook(change: Partial<Look>): void {
  look = { ...look, ...change };
  localStorage.setItem(STORED, JSON.stringify(look));
  applyTheme();
  for (const listener of listeners) listener();
}

export function onLook(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Puts the theme on the document; `system` leaves it to `prefers-color-scheme`. */
export function applyTheme(): void {
  if (look.theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = look.theme;
}

function load(): Look {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<Look>) };
  } catch {
    return DEFAULTS; // somebody else's words under this name
  }
}
