/**
 * Whether a link's text tells by itself to which host it leads, so that this need not be said beside it. Only what begins
 * with the very host that is gone to does: `https://bank.test@evil.test` names another one first, and letters of other
 * scripts look like those of a name that one trusts (RFC 5891, section 4.4; UTS #39).
 */
export function saysHost(text: string, { host }: URL): boolean {
  const named = text.toLowerCase().replace(/^https?:\/\//, '');
  return named.startsWith(host) && /^$|^[/?#]/.test(named.slice(host.length));
}
