import { setTimeout as sleep } from 'node:timers/promises';
import type { Command, Person } from './command.js';
import { LONG_MS } from './page.js';

const PATIENCE_MS = 40_000;

/** Asks somebody's node about the room, as any program of theirs can. */
export const api = (person: Person): { ask: Ask } => ({
  ask: async (method, params) => {
    const { port } = JSON.parse(person.read('node.json')) as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/api/${method}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${person.read('token')}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ room: 'lab', ...params }),
    });
    return ((await response.json()) as { ok: Record<string, unknown> }).ok;
  },
});

/** Resolves when this is so; nothing tells when. Rejects after a long while. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !(await isSo()); await sleep(50))
    if (performance.now() > end) throw new Error(`never: ${isSo}`);
}

/** Does something in the room `lab` of somebody's node. */
type Ask = (method: string, params: Record<string, unknown>) => Promise<Record<string, unknown>>;

export interface Talker {
  readonly window: Command;
  ask: Ask;
  /** The id of what was said with these words, once the window has heard it. */
  idOf: (text: string) => Promise<string>;
  hears: (pattern: RegExp) => Promise<void>;
  say: (text: string) => Promise<Record<string, unknown>>;
}

/** Somebody in the room at a terminal: hears by it, and does what its lines cannot do through the API. */
export function talker(person: Person, name: string): Talker {
  const window = person.start(['join', 'lab', '--reach', 'here', '--json', '--name', name], {
    timeout: LONG_MS,
  });
  const { ask } = api(person);
  const idOf = async (text: string): Promise<string> => {
    await window.until(new RegExp(`"text":"${text}`), PATIENCE_MS);
    const line = window.out.split('\n').find((each) => each.includes(`"text":"${text}`)) ?? '{}';
    return (JSON.parse(line) as { id: string }).id;
  };
  const hears = (pattern: RegExp) => window.until(pattern, PATIENCE_MS);
  return { window, ask, idOf, hears, say: (text: string) => ask('say', { text }) };
}
