import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/node-process.js';

const SSHD = '/usr/sbin/sshd';
/** The fastest that OpenSSH has where a processor has AES. */
const CIPHER = 'aes128-gcm@openssh.com';

/** An SSH server of this process alone: on a loopback port, with keys of its own that let nobody else in. */
export class SshServer {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'chatter-ssh-'));
  readonly #port: number;
  readonly #child;

  private constructor(port: number) {
    this.#port = port;
    const file = (name: string) => path.join(this.#folder, name);
    for (const name of ['host', 'user'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
    const config = [
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      'Subsystem sftp internal-sftp',
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${file('host')}`,
      `AuthorizedKeysFile ${file('user.pub')}`,
      'PidFile none',
    ];
    writeFileSync(file('config'), `${config.join('\n')}\n`);
    execFileSync('mkdir', ['-p', '/run/sshd']); // where sshd wants to be rooted before a login
    this.#child = spawn(SSHD, ['-D', '-e', '-f', file('config')], { stdio: 'ignore' });
  }

  /** Null where there is no OpenSSH. */
  static async start(): Promise<SshServer | null> {
    if (!existsSync(SSHD)) return null;
    const server = new SshServer(await freePort());
    while (!(await server.#answers())) await sleep(50);
    return server;
  }

  /** Copies a file or a folder to a place on this machine, through the server. */
  copy(from: string, to: string): void {
    const where = `${userInfo().username}@127.0.0.1:${to}`;
    spawnSync('scp', ['-r', '-q', '-P', `${this.#port}`, ...this.#options, from, where], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }

  /** `tar c FOLDER | ssh tar x`. */
  pipeTree(folder: string, to: string): void {
    const ssh = ['ssh', '-p', `${this.#port}`, ...this.#options, '127.0.0.1'].join(' ');
    execFileSync('sh', ['-c', `tar c -C "$1" "$2" | ${ssh} tar x -C "$3"`, 'sh', ...parts(folder), to]);
  }

  close(): void {
    this.#child.kill('SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #options(): string[] {
    const options = {
      StrictHostKeyChecking: 'no',
      UserKnownHostsFile: '/dev/null',
      LogLevel: 'ERROR',
      Ciphers: CIPHER,
      Compression: 'no',
      IdentitiesOnly: 'yes',
    };
    const given = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    return ['-F', 'none', '-i', path.join(this.#folder, 'user'), ...given];
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#port, '127.0.0.1');
      socket.once('data', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  }
}

const parts = (folder: string): [string, string] => [path.dirname(folder), path.basename(folder)];
