#!/usr/bin/env node
import { ChatterError } from '../src/errors.js';
import { EXIT, exitCode } from './exit-codes.js';

/** Nothing heavy is imported before a command has been recognised: `--help` answers at once. */
async function main(): Promise<number> {
  try {
    const [, , verb, flag, spawned] = process.argv;
    if (verb === 'daemon' && flag === '--spawned' && spawned !== undefined) {
      return await (await import('./commands/daemon.js')).runSpawned(spawned);
    }
    const { buildProgram } = await import('./program.js');
    const program = buildProgram((code) => {
      process.exitCode = code;
    });
    await program.parseAsync();
    return Number(process.exitCode ?? EXIT.done);
  } catch (err) {
    if (isCommanderExit(err)) return err.exitCode === 0 ? EXIT.done : EXIT.usage;
    const failure = ChatterError.from(err);
    process.stderr.write(`chatter: ${failure.code}: ${oneLine(failure.message)}\n`);
    if (failure.code === 'INTERNAL' && process.env.CHATTER_DEBUG) console.error(err);
    return exitCode(failure.code);
  }
}

const isCommanderExit = (err: unknown): err is { exitCode: number } =>
  err instanceof Error && 'code' in err && String(err.code).startsWith('commander.');

const oneLine = (text: string) => text.replace(/\s+/g, ' ');

// A reader that has seen enough (`chatter … | head`) closes the pipe: that is no failure.
process.stdout.on('error', (err: NodeJS.ErrnoException) => {
  if (err.code === 'EPIPE') process.exit(EXIT.done);
  process.stderr.write('chatter: OUTPUT_FAILED: The output cannot be written; the disk may be full.\n');
  process.exit(exitCode('OUTPUT_FAILED'));
});

// Nobody reads what goes wrong: the exit code still says it.
process.stderr.on('error', () => {});

process.exitCode = await main();
