import { LIMITS } from './limits.js';

/** Fields of a log line. Names of people, hosts and rooms are for `debug` alone; secrets are for no level. */
type LogFields = Record<string, string | number | boolean | undefined>;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A log that hands one line `TIME LEVEL event key=value …` at a time to `write`; values are escaped as JSON where needed. */
export function lineLog(write: (line: string) => void, level: LogLevel, wall: () => number): Log {
  const threshold = LOG_LEVELS.indexOf(level);
  const at = (name: LogLevel) => {
    if (LOG_LEVELS.indexOf(name) < threshold) return () => {};
    return (event: string, fields: LogFields = {}) => {
      const words = [new Date(wall()).toISOString(), name.toUpperCase(), event];
      for (const [key, value] of Object.entries(fields)) {
        if (value !== undefined) words.push(`${key}=${quote(value)}`);
      }
      write(words.join(' ').slice(0, LIMITS.logLineCharacters));
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const quote = (value: string | number | boolean) => {
  const text = String(value);
  return /^[\w.:@/+-]+$/.test(text) ? text : escapeNonAscii(JSON.stringify(text));
};

// A log is read in terminals: nothing but printable ASCII may reach it.
const escapeNonAscii = (text: string) =>
  text.replace(/[^\x20-\x7e]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
