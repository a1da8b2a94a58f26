import NoiseSecretStream from '@hyperswarm/secret-stream';

type RawEnd = { pipe<T>(to: T): T };

/** Two Noise streams joined in memory, their handshake complete. The caller destroys either to end both. */
export async function noisePair(
  keys: { initiator?: NoiseSecretStream.KeyPair; responder?: NoiseSecretStream.KeyPair } = {},
): Promise<[initiator: NoiseSecretStream, responder: NoiseSecretStream]> {
  const a = new NoiseSecretStream(true, undefined, { keyPair: keys.initiator });
  const b = new NoiseSecretStream(false, undefined, { keyPair: keys.responder });
  for (const stream of [a, b]) stream.on('error', () => {});
  const [rawA, rawB] = [a.rawStream, b.rawStream] as unknown as [RawEnd, RawEnd];
  rawA.pipe(rawB).pipe(rawA as never);
  await Promise.all([a.opened, b.opened]);
  return [a, b];
}
