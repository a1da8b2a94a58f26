import { homedir } from 'node:os';
import path from 'node:path';
import { ChatterError } from '../errors.js';
import { nearest } from '../nearest.js';
import { cleanName } from '../text.js';
import { parseRate } from './rate.js';
import type { Settings } from './settings.js';

/** Something that a person can set, kept in the data folder. */
export interface Preference {
  /** What it does, in a few words. */
  readonly does: string;
  /** What it can be, as a person reads it. */
  readonly values: string;
  /** What holds while nothing is set; null where that is drawn at random. */
  readonly fallback: string | null;
  /** The value as it is kept; null for what it cannot be. */
  readonly parse: (value: string) => string | null;
}

const oneOf = (...choices: string[]): Pick<Preference, 'values' | 'parse'> => ({
  values: choices.join(', '),
  parse: (value) => choices.find((choice) => choice === value.trim().toLowerCase()) ?? null,
});

const RATE: Omit<Preference, 'does'> = {
  values: 'off, or a rate of 50kB and more, like 5MB',
  fallback: 'off',
  parse: parseRate,
};

/** Every preference by its key. What is not in force is not in this table. */
export const PREFERENCES = {
  name: {
    does: 'your display name, in rooms where you have no other',
    values: 'a name of up to 64 bytes',
    fallback: null,
    parse: cleanName,
  },
  reach: {
    does: 'where a new room is looked for: this network alone (here), the Internet too (anywhere), or ask for open ones',
    fallback: 'ask',
    ...oneOf('ask', 'here', 'anywhere'),
  },
  'remember-people': {
    does: 'keep whom you met, to know a name that comes with another key; off forgets all but marked people',
    fallback: 'on',
    ...oneOf('on', 'off'),
  },
  downloads: {
    does: 'where received files go; a folder for each room is made in it',
    values: 'an absolute path',
    fallback: path.join(homedir(), 'Downloads', 'Chatter'),
    parse: (value) => (path.isAbsolute(value.trim()) ? path.normalize(value.trim()) : null),
  },
  'auto-accept': {
    does: 'whose files are taken without asking; what could run or hide something is always asked about',
    fallback: 'off',
    ...oneOf('off', 'verified'),
  },
  'upload-limit': { does: 'bytes a second that go to others, of all transfers', ...RATE },
  'download-limit': { does: 'bytes a second that come from others, of all transfers', ...RATE },
} as const satisfies Record<string, Preference>;

export type PreferenceKey = keyof typeof PREFERENCES;

const isPreference = (key: string): key is PreferenceKey => Object.hasOwn(PREFERENCES, key);

/** The preferences of a data folder. The name is set by renaming; the node keeps it. */
export class Preferences {
  readonly #settings: Settings;
  readonly #values = new Map<PreferenceKey, string>();

  private constructor(settings: Settings) {
    this.#settings = settings;
  }

  static async load(settings: Settings): Promise<Preferences> {
    const preferences = new Preferences(settings);
    for (const key of Object.keys(PREFERENCES) as PreferenceKey[]) {
      const value = PREFERENCES[key].parse((await settings.get(key)) ?? '');
      if (value !== null) preferences.#values.set(key, value);
    }
    return preferences;
  }

  /** What is set, or holds otherwise. */
  get(key: PreferenceKey): string {
    return this.#values.get(key) ?? PREFERENCES[key].fallback ?? '';
  }

  /** Sets what `check` has given; null takes it back to what holds otherwise. */
  async set(key: PreferenceKey, value: string | null): Promise<void> {
    if (value === null) await this.#settings.remove(key);
    else await this.#settings.set(key, value);
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
  }
}

/** A key and a value for it as they were written. Throws SETTING_UNKNOWN and SETTING_INVALID. */
export function checkPreference(key: string, value: string | null): [PreferenceKey, string | null] {
  if (!isPreference(key)) {
    const meant = nearest(key, Object.keys(PREFERENCES));
    throw new ChatterError('SETTING_UNKNOWN', {
      message: meant === null ? undefined : `There is no such setting; did you mean "${meant}"?`,
    });
  }
  if (value === null) return [key, null];
  const { parse, values } = PREFERENCES[key];
  const kept = parse(value);
  if (kept === null) throw new ChatterError('SETTING_INVALID', { message: `${key} can be: ${values}.` });
  return [key, kept];
}
