import { connect } from 'node:net';
import type { Clock } from '../clock.js';
import type { Address } from './address.js';

/**
 * What a connection to an address comes to: `opened`; `refused`, so that a machine is there; `unreachable`, so that
 * none is, or no way leads to it; `forbidden` by this machine itself; `silent`, which is any of these behind a firewall.
 */
export type ProbeOutcome = 'opened' | 'refused' | 'unreachable' | 'forbidden' | 'silent';

const OUTCOMES: Record<string, ProbeOutcome> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  ETIMEDOUT: 'silent',
};

/** Connects and hangs up again, within `timeoutMs`. Says nothing to whoever is there. */
export function tcpProbe({ host, port }: Address, clock: Clock, timeoutMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (outcome: ProbeOutcome) => {
      deadline.cancel();
      socket.destroy();
      resolve(outcome);
    };
    const deadline = clock.after(timeoutMs, () => done('silent'));
    socket.on('connect', () => done('opened'));
    socket.on('error', (err: NodeJS.ErrnoException) => done(OUTCOMES[err.code ?? ''] ?? 'unreachable'));
  });
}
