import type { SettingsPage } from '../state/screen.js';

/** What the pages of settings are called. */
export const SETTINGS_WORDS: Record<SettingsPage, string> = {
  you: 'You',
  receiving: 'Receiving',
  notifications: 'Notifications',
  privacy: 'What others can see',
  look: 'Look and keys',
  data: 'Your data',
  network: 'Network check',
};
