/** What fills the window: the rooms, a way into one, or a page of settings. */
export type Screen = { type: 'room' } | { type: 'enter' } | { type: 'settings'; page: SettingsPage };

export const SETTINGS_PAGES = [
  'you',
  'receiving',
  'notifications',
  'privacy',
  'look',
  'data',
  'network',
] as const;

export type SettingsPage = (typeof SETTINGS_PAGES)[number];
