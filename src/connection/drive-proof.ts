import type NoiseSecretStream from '@hyperswarm/secret-stream';
import type { Clock } from '../clock.js';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { RoomProof } from '../membership/room-proof.js';

export interface DriveProofOptions {
  noise: NoiseSecretStream;
  proof: RoomProof;
  clock: Clock;
  /** Whether the person that the proof has shown is let in, asked before this end's last frame goes out. Default: all. */
  admits?: (identity: Uint8Array) => boolean;
  /** Called in the tick in which the proof completed, so that channels are there before the peer's next frame. */
  onProven: () => void;
  /** The stream is destroyed. `violation` is null if the peer just went away, took too long or shares no room. */
  onFailed: (violation: ProtocolError | null) => void;
}

/**
 * Runs a membership proof on a raw Noise stream, one message a frame, before any multiplexer exists. Either
 * `onProven` or `onFailed` is called, once. The deadline is absolute: bytes that trickle do not extend it.
 */
export function driveProof({ noise, proof, clock, admits, onProven, onFailed }: DriveProofOptions): void {
  const settle = () => {
    deadline.cancel();
    noise.off('data', onData);
    noise.off('close', onClose);
  };
  const fail = (violation: ProtocolError | null, atOnce = violation !== null) => {
    settle();
    // What was written (a last frame that says no) still goes out; then the stream ends.
    if (atOnce) noise.destroy();
    else noise.end();
    onFailed(violation);
  };
  const onClose = () => fail(null);
  const onData = (frame: Uint8Array) => {
    if (frame.byteLength === 0) return; // a keep-alive
    try {
      const { send, outcome } = proof.receive(frame);
      if (proof.remoteIdentity && admits?.(proof.remoteIdentity) === false) return fail(null, true);
      for (const answer of send) noise.write(answer);
      if (outcome === 'waiting') return;
      if (outcome !== 'proven') return fail(null);
      settle();
    } catch (err) {
      return fail(err instanceof ProtocolError ? err : new ProtocolError('HANDLER_FAILED', { cause: err }));
    }
    onProven();
  };
  const deadline = clock.after(LIMITS.proofDeadlineMs, () => {
    settle();
    noise.destroy();
    onFailed(null);
  });
  noise.on('data', onData);
  noise.on('close', onClose);
  const hello = proof.start();
  if (hello) noise.write(hello);
}
