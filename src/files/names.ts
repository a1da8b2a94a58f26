import b4a from 'b4a';
import { ChatterError } from '../errors.js';
import { LIMITS } from '../limits.js';

/**
 * The one gate for every file name that somebody else chose (SECURITY: names). What passes is a list of plain
 * components that means the same on every system; nothing else in Chatter makes a path of a peer's text.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;
/** Change how their neighbours are read (CVE-2021-42574), or are no characters. */
const DECEPTIVE = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}\ufffe\uffff]/u;
/** Zero width: two names that look alike. A joiner between two pictures is an emoji's. */
const INVISIBLE =
  /[\u00ad\u180e\u200b\u2060\ufeff]|(?<!\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?)\u200d|\u200d(?!\p{Extended_Pictographic})/u;
/** Look like a separator, or are read as one by somebody who decodes once more. */
const SEPARATOR_LIKE = /[\u2215\u2044\uff0f\uff3c\u29f5\u29f8]|%2f|%5c|%2e%2e/iu;
const DRIVE = /^[a-z]:/iu;

/** What a Windows file system refuses or reads as something else; it becomes `_` everywhere. */
const FORBIDDEN_SOMEWHERE = /[<>:"|?*]/gu;
const TRAILING = /[. ]+$/u;
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])(?=$|[. ])/iu;
/** Our own names in a download folder. */
export const STAGING_PREFIX = '.chatter-incoming-';

/**
 * The components of a relative path with `/` between them. Throws NAME_UNSAFE for anything that is not plainly inside
 * the folder that it is put in, or that is not what it looks like.
 */
export function gatePath(path: string): string[] {
  if (!path.isWellFormed() || path.includes('\\')) throw unsafe(path);
  if (b4a.byteLength(path) > LIMITS.filePathBytes || path.normalize('NFC') !== path) throw unsafe(path);
  const components = path.split('/');
  if (components.length > LIMITS.filePathDepth) throw unsafe(path);
  for (const component of components) gateComponent(component, path);
  return components;
}

function gateComponent(component: string, path: string): void {
  const bad =
    component === '' ||
    component === '.' ||
    component === '..' ||
    component.trim() === '' ||
    b4a.byteLength(component) > LIMITS.fileNameBytes ||
    CONTROL.test(component) ||
    DECEPTIVE.test(component) ||
    INVISIBLE.test(component) ||
    SEPARATOR_LIKE.test(component) ||
    DRIVE.test(component) ||
    component.startsWith(STAGING_PREFIX);
  if (bad) throw unsafe(path);
}

/** The name under which a gated component is kept, the same on every system. `top` lies in the user's own folder. */
export function localName(component: string, top: boolean): string {
  let name = component.replace(FORBIDDEN_SOMEWHERE, '_').replace(TRAILING, (run) => '_'.repeat(run.length));
  if (DEVICE.test(name)) name = `_${name}`;
  return top ? name.replace(/^[.\-~]/u, '_') : name;
}

/** A room's label as the name of a folder. */
export const folderNameOf = (label: string): string => {
  const name = localName(label.replace(/[/\\]/gu, '_'), true);
  return name === '' || name === '..' ? '_' : name;
};

/** Two names that some file system takes for one have one key. */
export const collisionKey = (components: readonly string[]): string =>
  components.map((name) => name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')).join('/');

const RISKY =
  /\.(desktop|lnk|url|scr|bat|cmd|com|exe|msi|ps1|vbs|vbe|wsf|hta|pif|reg|command|app|workflow|jar|html?|xhtml|svg|sh|appimage|deb|rpm|dmg|pkg|docm|xlsm|pptm)$/iu;

/** True for what a system may run or hide: shown first and counted before anybody accepts. */
export const isRisky = (path: string): boolean => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.startsWith('.') || RISKY.test(name);
};

const unsafe = (path: string) =>
  new ChatterError('FILE_NAME_UNSAFE', { message: `A file name is not safe: ${shown(path)}` });

/** Of a peer's text only what cannot do anything to a terminal. */
const shown = (path: string) =>
  JSON.stringify(path.toWellFormed().slice(0, 100)).replace(/[^\x20-\x7e]/gu, '?');
