import { randomBytes } from 'node:crypto';
import { ChatterError } from '../errors.js';

export interface Invite {
  /** 32 bytes. */
  secret: Uint8Array;
  /** What its maker called the room: somebody else's words, to be cleaned before they are shown. */
  label: string;
}

const SECRET_BYTES = 32;
const PREFIX = 'chatter://join/#';
/** Mail programs break lines and add marks around a link; neither is part of it. */
const LINK = /chatter:\/\/join\/#([\w-]{43})\/([\w%.~!*-]{0,400})/;

export const newInviteSecret = (): Uint8Array => randomBytes(SECRET_BYTES);

/** `chatter://join/#<secret>/<label>` (PROTOCOL.md [M4]). */
export const inviteLink = ({ secret, label }: Invite): string =>
  `${PREFIX}${Buffer.from(secret).toString('base64url')}/${escapeLabel(label)}`;

/** What is handed over: a sentence that says what to do with the link in it. */
export const inviteSentence = (invite: Invite): string =>
  `Join the private room "${invite.label}" in Chatter: run "npx chatter join" and paste this text. ${inviteLink(invite)}`;

/** The same for a room that is entered by its name. */
export function nameSentence(name: string, passphrase: boolean): string {
  // Shells differ in how they quote, so a name that one of them might read as something else is typed when asked for.
  const [argument, typed] = /^\p{Letter}[\p{Letter}\p{Mark}\p{Number}_-]*$/u.test(name)
    ? [` ${name}`, passphrase ? ['passphrase'] : []]
    : ['', passphrase ? ['name', 'passphrase'] : ['name']];
  const command = `npx chatter join${argument}${passphrase ? ' --protected' : ''}`;
  const then = typed.length > 0 ? ` and type its ${typed.join(' and its ')}` : '';
  return `Join the room "${name}" in Chatter: run "${command}"${then}.`;
}

/** True if a text is to be read as an invite and not as a name. */
export const isInvite = (text: string): boolean => text.includes('chatter://');

/** The invite in a text, however it was pasted. Throws INVITE_INVALID. */
export function parseInvite(text: string): Invite {
  const whole = LINK.exec(text) ?? LINK.exec(text.replace(/[\r\n]+[>\s]*/g, ''));
  const encoded = whole?.[1] ?? '';
  const secret = Buffer.from(encoded, 'base64url');
  // 43 digits hold two bits more than 32 bytes: only one spelling of a secret is taken.
  if (secret.length !== SECRET_BYTES || secret.toString('base64url') !== encoded) {
    throw new ChatterError('INVITE_INVALID');
  }
  return { secret, label: decodeLabel(whole?.[2] ?? '') };
}

const escapeLabel = (label: string) =>
  encodeURIComponent(label).replace(/['().!]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

function decodeLabel(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replace(/[.!]+$/, ''));
  } catch {
    return ''; // a broken label keeps nobody out
  }
}
