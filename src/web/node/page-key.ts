/** The key of this tab, as `src/daemon/README.md` says ("The page"). It lives as long as the tab. */
export interface PageKey {
  id: string;
  /** 32 bytes, base64url. */
  key: string;
}

const STORED = 'chatter-page-key';

/**
 * Takes the one-time code, and the room to show, out of the address, so that neither history nor a bookmark keeps
 * them; null where they are missing.
 */
export function takeAddress(): { code: string | null; room: string | null } {
  const [, code = null, room = null] = /^#([\w-]{16,64})(?:\/([0-9a-f]{64}))?$/.exec(location.hash) ?? [];
  if (location.hash) history.replaceState(null, '', location.pathname);
  return { code, room };
}

export function loadKey(): PageKey | null {
  const stored = sessionStorage.getItem(STORED);
  return stored ? (JSON.parse(stored) as PageKey) : null;
}

export function keepKey({ id, key }: PageKey): void {
  sessionStorage.setItem(STORED, JSON.stringify({ id, key }));
}

export const randomNonce = (): string => encode(crypto.getRandomValues(new Uint8Array(16)));

/** The same as the node's `pageProof`. */
export async function pageProof(
  { key }: PageKey,
  who: 'node' | 'page',
  port: string,
  nonces: [string, string],
): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const hmac = await crypto.subtle.importKey('raw', decode(key), algorithm, false, ['sign']);
  const text = new TextEncoder().encode(`chatter/page/1 ${who} ${port} ${nonces.join(' ')}`);
  return encode(new Uint8Array(await crypto.subtle.sign('HMAC', hmac, text)));
}

const encode = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const decode = (text: string) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
