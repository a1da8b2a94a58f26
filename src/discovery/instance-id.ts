import b4a from 'b4a';
import sodium from 'sodium-native';

const DOMAIN = b4a.from('chatter/instance/1');

/**
 * The name of a running node on the network: 16 hex digits, hashed from its transport key (32 bytes), so that a
 * stream can be matched with the record it was dialled for. It is as fresh as the key: one start of one node.
 */
export function instanceId(transportKey: Uint8Array): string {
  const out = b4a.alloc(16);
  sodium.crypto_generichash(out, transportKey, DOMAIN);
  return b4a.toString(out.subarray(0, 8), 'hex');
}
