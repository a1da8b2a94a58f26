import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { MAIN } from '../hosts/hosts.js';
import type { Person } from './command.js';

/** A terminal is drawn within this time, on a machine that is busy with other tests too. */
const WITHIN_MS = 40_000;
const LOOK_EVERY_MS = 100;
let made = 0;

/** A command at a terminal that a person could sit at: keys go in, the screen can be read. It ends with the test. */
export class TmuxTerminal {
  readonly #server = `chatter-${process.pid}-${++made}`;

  /**
   * Runs `chatter ARGS` as this person on their host, with `waits` after the first Enter; its exit code and the
   * terminal's modes are shown after it.
   */
  constructor(
    t: Test,
    person: Person,
    args: readonly string[],
    { columns = 80, rows = 24, waits = false }: { columns?: number; rows?: number; waits?: boolean } = {},
  ) {
    const quoted = [process.execPath, MAIN, '--data', person.data, ...args].map(quote).join(' ');
    const modes = "stty -a | tr ' ;' '\\n\\n' | grep -xE -- '-?(icanon|echo)' | tr '\\n' ' '";
    // The shell outlives a Ctrl-C that ends what it runs.
    const script = `trap : INT; ${waits ? 'read -r line; ' : ''}${quoted}; printf '\\nexit %s ' $?; ${modes}; trap '' INT; exec cat`;
    const inside = person.host ? ['ip', 'netns', 'exec', person.host.namespace] : [];
    const environment = ['env', '-u', 'NODE_OPTIONS', `HOME=${person.home}`, 'LC_ALL=C.UTF-8'];
    const command = [...inside, ...environment, 'sh', '-c', script].map(quote).join(' ');
    t.teardown(() => spawnSync('tmux', ['-L', this.#server, 'kill-server']));
    this.#tmux('new-session', '-d', '-s', 'main', '-x', `${columns}`, '-y', `${rows}`, command);
  }

  /** Types this text; what else is a key has tmux's name for it. */
  type(text: string): void {
    this.#tmux('send-keys', '-t', 'main', '-l', text);
  }

  /** Presses keys by tmux's names for them: `Enter`, `C-c`, `PageUp`. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', '-t', 'main', ...keys);
  }

  paste(text: string): void {
    execFileSync('tmux', ['-L', this.#server, 'load-buffer', '-'], { input: text });
    this.#tmux('paste-buffer', '-p', '-t', 'main');
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-t', 'main', '-x', `${columns}`, '-y', `${rows}`);
  }

  /** What the screen shows, without spaces at the ends of its rows. */
  get screen(): string {
    return this.#tmux('capture-pane', '-p', '-t', 'main');
  }

  /** Process id of what the terminal runs first. */
  get pid(): number {
    return Number(this.#tmux('display-message', '-p', '-t', 'main', '#{pane_pid}'));
  }

  /** Resolves to the screen once it fits. Rejects with the screen if it does not in time. */
  async until(pattern: RegExp): Promise<string> {
    const end = performance.now() + WITHIN_MS;
    for (;;) {
      const { screen } = this;
      if (pattern.test(screen)) return screen;
      if (performance.now() > end) throw new Error(`no ${pattern} on\n${screen}`);
      await sleep(LOOK_EVERY_MS); // a screen tells nobody when it changes
    }
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#server, '-f', '/dev/null', ...args], { encoding: 'utf8' });
  }
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
