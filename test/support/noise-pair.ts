import { Transform } from 'node:stream';
import NoiseSecretStream from '@hyperswarm/secret-stream';

type RawEnd = { pipe<T>(to: T): T };

/** How long what each end sends is under way, in ms. */
export interface Lag {
  initiator: number;
  responder: number;
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
  joinBy(lag.initiator, rawA, rawB);
  joinBy(lag.responder, rawB, rawA);
  await Promise.all([a.opened, b.opened]);
  return [a, b];
}

function joinBy(ms: number, from: RawEnd, to: RawEnd): void {
  if (ms === 0) return void from.pipe(to);
  const late = new Transform({ transform: (chunk, _, done) => void setTimeout(() => done(null, chunk), ms) });
  from.pipe(late as unknown as RawEnd).pipe(to);
}
