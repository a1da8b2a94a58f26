import type { TransferInfo } from '../../daemon/files-api.js';
import { ERRORS } from '../../errors.js';
import { shellWord } from '../parts/shell-word.js';
import { size } from './amounts.js';

/** From here on a copy is worth a word. */
const WORTH_SKIPPING_BYTES = 1_000_000_000;

/** How a transfer stands, as a sentence with what is kept or what comes next. */
export function stateWords(info: TransferInfo): string {
  const { mine, state, bytes, total, paths, sources, code } = info;
  switch (state) {
    case 'offered':
      return `To Downloads/Chatter/${info.room}`;
    case 'serving':
      if (info.shared) return `You give this to ${others(info.handing)}`;
      return info.receivers.length === 0 ? 'Waiting for somebody to accept' : '';
    case 'active':
      return mine || sources > 0
        ? `${size(bytes)} of ${size(total)} from ${sources === 1 ? 'one person' : `${sources} people`}${reusedWords(info)}`
        : `Waiting for ${info.from.name}. Goes on by itself; ${size(bytes)} are checked and kept.`;
    case 'paused':
      return code
        ? `${sentence(code)} ${size(bytes)} are checked and kept.`
        : `Paused. ${size(bytes)} are checked and kept.`;
    case 'done':
      return [
        `${paths[0] === undefined ? 'Done and checked' : `Checked, and saved as ${paths[0]}`}${reusedWords(info)}`,
        info.handing > 0 ? `You also give this to ${others(info.handing)}.` : '',
      ]
        .filter(Boolean)
        .join('. ');
    case 'declined':
      return mine ? 'Declined' : 'You declined it';
    case 'cancelled':
      return 'Cancelled; what had arrived of it was removed';
    case 'withdrawn':
      return mine ? 'You took it back' : `${info.from.name} took it back`;
    default:
      return code ? sentence(code) : 'It failed';
  }
}

const reusedWords = ({ reused }: TransferInfo): string =>
  reused > 0 ? `; ${size(reused)} were here already` : '';

/** Why it is copied, and how that can be saved; null while nothing is copied. */
export function copyWords({ copied, total, room, entries }: TransferInfo): string | null {
  if (copied === null) return null;
  const done = `${size(copied)} of ${size(total)}`;
  if (total < WORTH_SKIPPING_BYTES) return `Copying into Chatter: ${done}. Keep this tab open.`;
  const name = entries[0]?.name ?? 'PATH';
  return `Copying into Chatter first (needs ${size(total)}): ${done}. Keep this tab open. To skip this: npx chatter send ${shellWord(room)} ${shellWord(name)}`;
}

/** How it stands at one receiver of one's own. */
export function answerWords(answer: string, code: string | null): string {
  if (code && code !== 'TRANSFER_DECLINED') return sentence(code);
  return ANSWERED[answer] ?? answer;
}

const ANSWERED: Record<string, string> = {
  accepted: 'takes it',
  progress: 'takes it',
  paused: 'paused it',
  done: 'has it, gives it on',
  declined: 'declined',
  cancelled: 'cancelled it',
  failed: 'it failed there',
};

export const others = (count: number): string => (count === 1 ? 'one other' : `${count} others`);

const sentence = (code: string): string => (ERRORS as Record<string, string>)[code] ?? code;
