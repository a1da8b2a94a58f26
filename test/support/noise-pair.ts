import { Transform } from 'node:stream';
import NoiseSecretStream from '@hyperswarm/secret-stream';

type RawEnd = { pipe<T>(to: T): T; on(event: 'close', fn: () => void): void; destroy(): void };

/** How long what each end sends is under way, in ms. */
export interface Lag {
  initiator: number;
  responder: number;
  /** While this is true nothing arrives, not even that an end is gone. */
  isCut?: () => boolean;
}

/** Two Noise streams joined in memory, their handshake complete. The caller destroys either to end both. */
export async function noisePair(
  keys: { initiator?: NoiseSecretStream.KeyPair; responder?: NoiseSecretStream.KeyPair } = {},
  lag: Lag = { initiator: 0, responder: 0 },
): Promise<[initiator: NoiseSecretStream, responder: NoiseSecretStream]> {
  const a = new NoiseSecretStream(true, undefined, { keyPair: keys.initiator });
  const b = new NoiseSecretStream(false, undefined, { keyPair: keys.responder });
  for (const stream of [a, b]) stream.on('error', () => {});
  const [rawA, rawB] = [a.rawStream, b.rawStream] as unknown as [RawEnd, RawEnd];
  joinBy(lag.initiator, rawA, rawB, lag.isCut);
  joinBy(lag.responder, rawB, rawA, lag.isCut);
  await Promise.all([a.opened, b.opened]);
  return [a, b];
}

function joinBy(ms: number, from: RawEnd, to: RawEnd, isCut?: () => boolean): void {
  if (ms === 0 && !isCut) return void from.pipe(to);
  const late = new Transform({
    transform: (chunk, _, done) => void setTimeout(() => (isCut?.() ? done() : done(null, chunk)), ms),
    flush: (done) => {
      if (!isCut?.()) done();
    },
  });
  from.pipe(late as unknown as RawEnd).pipe(to);
  if (isCut) from.on('close', () => setTimeout(() => isCut() || to.destroy(), 20)); // what was said before goes first
}
