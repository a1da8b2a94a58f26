import { createRequire } from 'node:module';

/** This package's version. The package refers to itself by name, so that sources and build find the same file. */
export const packageVersion = (): string =>
  (createRequire(import.meta.url)('chatter/package.json') as { version: string }).version;
