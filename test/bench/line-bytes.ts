import { readFileSync } from 'node:fs';
import { type Host, pids } from '../hosts/hosts.js';

/** Bytes that have come in at a host so far, on all its networks. Something has to run on it. */
export function lineBytes({ namespace }: Host): number {
  const [anyone] = pids(namespace);
  return readFileSync(`/proc/${anyone}/net/dev`, 'utf8')
    .split('\n')
    .reduce((sum, line) => {
      const [name = '', bytes = '0'] = line.trim().split(/[\s:]+/);
      return name === 'lo' ? sum : sum + (Number(bytes) || 0);
    }, 0);
}
