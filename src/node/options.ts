import type { Clock } from '../clock.js';
import type { Log } from '../log.js';

export interface NodePaths {
  identity: string;
  database: string;
}

export interface NodeOptions {
  /** TCP port for LAN and direct peers; 0, the default, draws one at random. */
  listen?: number;
  /** False keeps off the local network; typed addresses still work. Default true. */
  lan?: boolean;
  /** False keeps off the Internet. Default true. */
  internet?: boolean;
  /** Nodes `host:port` by which the DHT is entered; the public ones when left out. */
  bootstrap?: readonly string[];
  /** Of the person: what received files may be read by. Default 022. */
  umask?: number;
  /** Asked once the data folder is locked: true joins nothing by itself, after a node that crashed again and again. */
  safeMode?: () => boolean;
  clock?: Clock;
  log?: Log;
}
