import type { Command } from 'commander';
import type { Context } from './context.js';

/** What a command does: its arguments, its own options, and the exit code that it resolves to. */
export type Action = (context: Context, args: string[], options: Record<string, unknown>) => Promise<number>;

/** Adds a command by its usage and what it does; `load` brings the code for it when it is called. */
export type AddCommand = (
  usage: string,
  description: string,
  load: () => Promise<{ run: Action }>,
) => Command;
