import type { Person } from '../src/daemon/api.js';
import type { Message } from '../src/daemon/chat-api.js';
import { showText } from '../src/text.js';
import { messageTag } from './message-tag.js';
import { type Output, safe } from './output.js';
import { duration, shortId, size } from './transfer-lines.js';

export interface MessageLineOptions {
  paint: Output['paint'];
  nameOf: (person: Person) => string;
  /** With the day, and the tag by which the message can be named. Default false. */
  full?: boolean;
  /** `YYYY-MM-DD` of the day that need not be told. Default none. */
  today?: string;
}

/** UTF-16 code units of a text that is quoted. */
const QUOTE_CHARACTERS = 60;
/** Stands before everything that anybody could choose, so that no name or text can look like it. */
const DIRECT_MARK = '» ';

/** A message as lines for a person. Everything after the first is indented, so that no text can look like another line. */
export function messageLines(
  message: Message,
  { paint, nameOf, full = false, today }: MessageLineOptions,
): string[] {
  const { author, edited, to, quote, replyTo } = message;
  const [first = '', ...rest] = wordsOf(message).split('\n').map(safe);
  const at = dayAndTime(message.sent);
  const isToday = !full || at.slice(0, 10) === today;
  const when = `${isToday ? at.slice(-5) : at}${full ? ` ${messageTag(message)}` : ''}`;
  const facts = [
    to ? `to ${message.self ? nameOf(to) : 'you'} alone` : '',
    replyTo ? `answers ${quote ? `${nameOf(quote.author)}: "${beginning(quote.text)}"` : 'a message'}` : '',
  ].filter(Boolean);
  const who = `${message.kind === 'me' ? '* ' : ''}${paint.bold(nameOf(author))}`;
  const name = `${who}${facts.length > 0 ? paint.dim(` (${facts.join('; ')})`) : ''}`;
  const marks = [edited ? 'edited' : '', message.clockOff ? 'clock?' : ''].filter(Boolean);
  const end = marks.length > 0 ? paint.dim(` (${marks.join(', ')})`) : '';
  const text = isGone(message) ? paint.dim(first) : message.mentionsMe ? paint.magenta(first) : first;
  const lines = [
    `${to ? DIRECT_MARK : ''}${paint.dim(when)} ${name}${message.kind === 'me' ? '' : ':'} ${text}`,
    ...rest.map((line) => `      ${line}`),
  ];
  lines[lines.length - 1] += end;
  const reactions = reactionWords(message);
  return reactions ? [...lines, paint.dim(`      ${reactions}`)] : lines;
}

/** What is to be read in a message; for one whose text is gone, or is not text, what became of it or what it is. */
export function wordsOf(message: Message): string {
  if (message.deleted) return '(deleted)';
  if (message.expired) return '(no longer kept)';
  if (message.request) return '(a direct message that waits for /allow or /refuse)';
  if (message.file) return offerWords(message.file, message.self);
  if (message.call) return callWords(message.call);
  return showText(message.text);
}

function offerWords({ name, files, bytes, transfer }: NonNullable<Message['file']>, self: boolean): string {
  const more = files > 1 ? `${files} files, ` : '';
  const what = `offers ${safe(name)} (${more}${size(bytes)})`;
  return self ? what : `${what}  /accept ${shortId({ transfer })}`;
}

const callWords = ({ what, seconds }: NonNullable<Message['call']>): string =>
  what === 'started' ? 'started a call' : `the call has ended, after ${duration(seconds)}`;

/** True where there is nothing of what the author wrote. */
export const isGone = ({ deleted, expired, request }: Message): boolean =>
  deleted === true || expired === true || request === true;

/** `👍 2  🎉 1`. */
export const reactionWords = ({ reactions }: Pick<Message, 'reactions'>): string =>
  reactions.map(({ emoji, people }) => `${safe(emoji)} ${people.length}`).join('  ');

/** The first words of a text, on one line. */
export function beginning(text: string): string {
  const line = safe(showText(text).replace(/\s+/g, ' ').trim());
  return line.length > QUOTE_CHARACTERS ? `${line.slice(0, QUOTE_CHARACTERS).toWellFormed()}…` : line;
}

/** `2026-05-01 10:02`, as clocks show it here. */
export function dayAndTime(iso: string): string {
  const date = new Date(iso);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
