import { randomBytes } from 'node:crypto';
import { systemClock } from '../clock.js';
import { networkLinks } from '../discovery/interfaces.js';
import { type Log, lineLog } from '../log.js';
import { ChatterNode } from '../node/node.js';
import { packagePath, packageVersion } from '../package-files.js';
import type { DataFolder } from '../storage/data-folder.js';
import { API_VERSION, type EventBody, type NodeOptions } from './api.js';
import { CrashRecord } from './crash-record.js';
import { EventLog } from './event-log.js';
import { FileAccess } from './file-access.js';
import { Guests } from './guest/guests.js';
import { GuestsView } from './guest/guests-view.js';
import { Leases } from './leases.js';
import { logFile } from './log-file.js';
import { MediaSeats } from './media-seats.js';
import { NodeView } from './node-view.js';
import { PageKeys } from './page-keys.js';
import { Requests } from './requests.js';
import { ApiServer } from './server.js';
import { Tickets } from './tickets.js';

export interface DaemonOptions {
  folder: DataFolder;
  node: NodeOptions;
  /** True stays without any client. */
  pinned: boolean;
  /** A line for whoever started this process by hand. */
  onReady?: (apiPort: number) => void;
}

/** Exit status of `sysexits.h` for a fault inside. */
const EX_SOFTWARE = 70;
const CLOSE_DEADLINE_MS = 3_000;

/**
 * Runs the node of a data folder in this process until it is stopped, idle, or told to end. Resolves when it has
 * ended well. Rejects with DATA_FOLDER_LOCKED if another process runs it.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { folder } = options;
  const umask = process.umask(0o077);
  folder.create();
  const wall = () => systemClock.wall();
  const log = lineLog(logFile(folder.logFile, wall), options.node.logLevel, wall);
  const parts: { close(): Promise<void> | void }[] = [];
  let wiped = false;
  let stop: (why: 'asked' | 'idle') => void = () => {};
  const ended = new Promise<'asked' | 'idle'>((resolve) => {
    stop = resolve;
  });

  const crashes = new CrashRecord(folder);
  const locked = new ChatterNode(folder, {
    listen: options.node.listen,
    lan: options.node.lan,
    internet: !options.node.lanOnly,
    bootstrap: options.node.bootstrap.length > 0 ? options.node.bootstrap : undefined,
    // Asked when the lock is held: only then is a `node.json` that is there somebody's who crashed.
    safeMode: () => crashes.safeMode(Date.now()),
    umask,
    log,
  });
  const view = new NodeView(locked, folder.uploads);
  try {
    await locked.open();
  } catch (err) {
    await within(CLOSE_DEADLINE_MS, () => locked.close()); // what it had opened would keep the process
    throw err;
  }
  parts.unshift(locked);
  try {
    const token = randomBytes(32).toString('base64url');
    const leases = new Leases(systemClock, () => stop('idle'));
    const events = new EventLog(randomBytes(8).toString('hex'));
    const pages = new PageKeys({
      clock: systemClock,
      saved: await locked.setting(PAGES_SETTING),
      save: (saved) => locked.setSetting(PAGES_SETTING, saved),
    });
    const access = new FileAccess(systemClock);
    const publish = (event: EventBody) =>
      server.publish(events.add(event, new Date(systemClock.wall()).toISOString()));
    const guests = new Guests({
      room: (ref) => locked.room(ref),
      find: (ref) => view.transfer(ref),
      folder: folder.guests,
      addresses: () => networkLinks().flatMap(({ family, address }) => (family === 4 ? [address] : [])),
      clock: systemClock,
      keep: (page, isOpen) => (isOpen ? leases.hold(page) : leases.release(page)),
      tell: publish,
    });
    parts.unshift(guests);
    const tickets = new Tickets(systemClock);
    const requests = new Requests({
      node: view,
      guests: new GuestsView(guests),
      access,
      mediaTicket: () => tickets.issue(),
      pageUrl: (roomId) =>
        `http://127.0.0.1:${server.port}/#${pages.code()}${roomId === undefined ? '' : `/${roomId}`}`,
      leases,
      stop: () => setImmediate(() => stop('asked')), // after the answer has been written
      wipe: async () => {
        wiped = true; // whatever else goes wrong from here on
        folder.remove(folder.identity);
        await locked.forgetAll();
        setImmediate(() => stop('asked'));
      },
      describe: () => ({
        pid: process.pid,
        version: packageVersion(),
        api: API_VERSION,
        apiPort: server.port,
        tokenFile: folder.tokenFile,
        dataFolder: folder.path,
        logFile: folder.logFile,
        pinned: leases.pinned,
        leases: leases.count,
        options: options.node,
      }),
    });
    const kept = Number((await locked.setting(PORT_SETTING)) ?? 0);
    const { port: wanted } = options.node;
    const server = new ApiServer(
      {
        requests,
        events,
        leases,
        snapshot: () => view.snapshot(),
        token,
        pages,
        access,
        bodies: view.bodies,
        seats: new MediaSeats(view.calling),
        tickets,
        pageFolder: PAGE_FOLDER,
        clock: systemClock,
        log,
      },
      { port: wanted ?? kept, fixed: (wanted ?? 0) > 0 },
    );
    await server.open();
    parts.unshift(server);
    view.onEvent(publish);
    if (wanted === null && server.port !== kept) await locked.setSetting(PORT_SETTING, String(server.port));
    folder.write(folder.tokenFile, token);
    folder.write(
      folder.nodeFile,
      JSON.stringify({ pid: process.pid, port: server.port, options: options.node }),
    );
    leases.pinned = options.pinned;
    // What is on its way keeps the node until it is done.
    let busy = false;
    const watch = systemClock.every(BUSY_EVERY_MS, () => {
      if (locked.busy === busy) return;
      busy = locked.busy;
      if (busy) leases.hold(locked);
      else leases.release(locked);
    });
    parts.unshift({ close: () => watch.cancel() });
    parts.unshift({ close: () => leases.close() });
    watchSignals(log, () => stop('asked'));
    log.info('started', { pid: process.pid, safeMode: locked.safeMode });
    options.onReady?.(server.port);
    if ((await ended) === 'asked') server.dismiss();
    // Whoever looks for a node from here on starts the next one, which waits for the lock.
    folder.remove(folder.nodeFile);
  } finally {
    await within(CLOSE_DEADLINE_MS, async () => {
      for (const part of parts) await part.close();
    });
    if (wiped) folder.wipe();
    else log.info('ended', { pid: process.pid });
  }
}

const BUSY_EVERY_MS = 1_000;
/** Where the build puts the page. */
const PAGE_FOLDER = packagePath('dist', 'web');
const PORT_SETTING = 'api-port';
const PAGES_SETTING = 'page-keys';

function watchSignals(log: Log, stop: () => void): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  // The last net: it leaves a trace and the crash count, and never goes on in an unknown state.
  const crash = (err: unknown) => {
    log.error('crash', { cause: err instanceof Error ? (err.stack ?? err.message) : String(err) });
    process.exit(EX_SOFTWARE);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}

async function within(ms: number, fn: () => Promise<void>): Promise<void> {
  let cancel = () => {};
  const timeout = new Promise<void>((resolve) => {
    const timer = systemClock.after(ms, resolve);
    cancel = () => timer.cancel();
  });
  await Promise.race([fn(), timeout]).finally(cancel);
}
