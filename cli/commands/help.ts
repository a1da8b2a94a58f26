import type { Command } from 'commander';
import { ChatterError } from '../../src/errors.js';
import { nearest } from '../../src/nearest.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';

/** Every command and option with what it does, or all about one command. */
export async function run(
  _context: Context,
  [name]: string[],
  { program }: { program: Command },
): Promise<number> {
  if (name === undefined) {
    process.stdout.write(program.createHelp().formatHelp(program, program.createHelp()));
    return EXIT.done;
  }
  const command = program.commands.find((other) => other.name() === name);
  if (!command) {
    const meant = nearest(
      name,
      program.commands.map((other) => other.name()),
    );
    throw new ChatterError('USAGE', {
      message: `There is no such command${meant ? `; did you mean "${meant}"?` : '.'}`,
    });
  }
  command.outputHelp();
  return EXIT.done;
}
