import NoiseSecretStream from '@hyperswarm/secret-stream';
import type { Test } from 'tap';
import UDX from 'udx-native';

export interface UdxPair {
  streams: [initiator: NoiseSecretStream, responder: NoiseSecretStream];
  /** What carries them: whoever has these can say anything on the way. */
  raw: [initiator: UDX.Stream, responder: UDX.Stream];
}

/** Two Noise streams over UDX on loopback, their handshake complete. */
export async function udxPair(t: Pick<Test, 'teardown'>): Promise<UdxPair> {
  const udx = new UDX();
  const ends = [1, 2].map((id) => {
    const socket = udx.createSocket();
    socket.bind(0, '127.0.0.1');
    return { id, socket, raw: udx.createStream(id) };
  }) as [End, End];
  const [a, b] = ends;
  a.raw.connect(a.socket, b.id, portOf(b), '127.0.0.1');
  b.raw.connect(b.socket, a.id, portOf(a), '127.0.0.1');
  const streams = [
    new NoiseSecretStream(true, a.raw),
    new NoiseSecretStream(false, b.raw),
  ] as UdxPair['streams'];
  for (const stream of streams) stream.on('error', () => {});
  t.teardown(async () => {
    for (const stream of streams) stream.destroy();
    for (const { socket } of ends) await socket.close();
  });
  await Promise.all(streams.map(({ opened }) => opened));
  return { streams, raw: [a.raw, b.raw] };
}

interface End {
  id: number;
  socket: UDX.Socket;
  raw: UDX.Stream;
}

const portOf = ({ socket }: End) => socket.address()?.port as number;
