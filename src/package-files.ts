import { createRequire } from 'node:module';
import path from 'node:path';

/** The package refers to itself by name, so that sources, compiled files and bundle find the same place. */
const DESCRIPTION = 'chatter/package.json';
const require = createRequire(import.meta.url);

/** This package's version. */
export const packageVersion = (): string => (require(DESCRIPTION) as { version: string }).version;

/** Where a file or folder of this package lies; `parts` lead there from its top. */
export const packagePath = (...parts: string[]): string =>
  path.join(path.dirname(require.resolve(DESCRIPTION)), ...parts);
