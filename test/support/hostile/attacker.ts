import { connect, type Socket } from 'node:net';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import sodium from 'sodium-native';
import type { Test } from 'tap';
import type { RoomKeys } from '../../../src/membership/room-keys.js';
import { RoomProof } from '../../../src/membership/room-proof.js';

/** Somebody at an address of this machine who does to a listening port what it likes. */
export class Attacker {
  readonly #port: number;
  readonly #from: string;
  readonly #sockets = new Set<Socket>();

  /** `from` is any address of 127.0.0.0/8. What it holds open ends with the test. */
  constructor(t: Pick<Test, 'teardown'>, port: number, from = '127.0.0.66') {
    this.#port = port;
    this.#from = from;
    t.teardown(() => this.hangUp());
  }

  /** A connection that says nothing yet; it may be closed at once by the other end. */
  connect(from = this.#from): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#port, localAddress: from });
    this.#sockets.add(socket);
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => this.#sockets.delete(socket));
    return socket;
  }

  /** Resolves when the victim has ended a connection that sent these bytes. */
  async sends(...chunks: Uint8Array[]): Promise<void> {
    const socket = this.connect();
    const closed = new Promise<void>((resolve) => void socket.on('close', () => resolve()));
    socket.resume();
    for (const chunk of chunks) socket.write(chunk);
    await closed;
  }

  /** A finished Noise handshake, under a fresh key. Null if the victim hung up. */
  async handshake(from = this.#from): Promise<NoiseSecretStream | null> {
    const socket = this.connect(from);
    const noise = new NoiseSecretStream(true, socket);
    noise.on('error', () => {});
    return (await noise.opened) === true ? noise : null;
  }

  /** A handshake, and then these frames in place of a proof. Resolves when the victim has ended the stream. */
  async says(...frames: Uint8Array[]): Promise<void> {
    const noise = await this.handshake();
    if (!noise) return;
    const closed = new Promise<void>((resolve) => void noise.on('close', () => resolve()));
    noise.resume();
    for (const frame of frames) noise.write(frame);
    await closed;
  }

  /** A whole proof with these keys; the proven stream, on which no multiplexer runs, or null if it was refused. */
  async proves(keys: RoomKeys, identity = identityKeys()): Promise<NoiseSecretStream | null> {
    const noise = await this.handshake();
    if (!noise) return null;
    const proof = new RoomProof({
      isInitiator: true,
      handshakeHash: noise.handshakeHash as Uint8Array,
      localKey: noise.publicKey as Uint8Array,
      remoteKey: noise.remotePublicKey as Uint8Array,
      rooms: [keys],
      identity,
    });
    noise.write(proof.start() as Uint8Array);
    return new Promise((resolve) => {
      const closed = () => resolve(null);
      const onData = (frame: Uint8Array) => {
        const { send, outcome } = proof.receive(frame);
        for (const answer of send) noise.write(answer);
        if (outcome === 'waiting') return;
        noise.off('data', onData);
        noise.off('close', closed);
        noise.pause();
        resolve(outcome === 'proven' ? noise : null);
      };
      noise.on('data', onData);
      noise.on('close', closed);
    });
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Somebody's long-term key, made for the occasion. */
export function identityKeys() {
  const [publicKey, secretKey] = [b4a.alloc(32), b4a.alloc(64)];
  sodium.crypto_sign_keypair(publicKey, secretKey);
  const sign = (message: Uint8Array) => {
    const signature = b4a.alloc(64);
    sodium.crypto_sign_detached(signature, message, secretKey);
    return signature;
  };
  return { publicKey, sign };
}
