import type { Known, Params, Result } from '../src/daemon/api.js';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';
import { safe } from './output.js';

type Marks = Omit<Params<'mark'>, 'person'>;

/** What each verb makes of a person, and what is said of it then. */
const VERBS = {
  block: [{ blocked: true }, 'is blocked: they are let in nowhere, and nobody is told.'],
  unblock: [{ blocked: false }, 'is not blocked any more.'],
  mute: [{ muted: true }, 'is muted: what they say is not shown.'],
  unmute: [{ muted: false }, 'is not muted any more.'],
} as const satisfies Record<string, [Marks, string]>;

export type MarkVerb = keyof typeof VERBS;

export const isPersonVerb = (verb: string): verb is MarkVerb | 'verify' =>
  verb === 'verify' || Object.hasOwn(VERBS, verb);

/** Somebody by the name that they bear and their tag. */
export const personLabel = ({ name, tag }: Pick<Known, 'name' | 'tag'>): string => `${safe(name)}#${tag}`;

/** Marks somebody as a verb says; resolves to what was done, and the sentence about it. */
export async function mark(client: Client, verb: MarkVerb, person: string): Promise<[Known, string]> {
  const [marks, sentence] = VERBS[verb];
  const known = await client.request('mark', { person, ...marks });
  return [known, `${personLabel(known)} ${sentence}`];
}

/** The lines by which two people compare their numbers. */
export function numbersToCompare(person: Result<'person'>): string[] {
  const { safetyNumber, verified } = person;
  const half = safetyNumber.length / 2;
  return [
    `Safety number of ${personLabel(person)} and you${verified ? ', verified' : ''}:`,
    `  ${safetyNumber.slice(0, half).trim()}`,
    `  ${safetyNumber.slice(half).trim()}`,
    'They see the same sixty digits if nobody stands between you. Compare face to face, or by a voice you know.',
  ];
}

/** `/verify`, `/block` and the like, in a room; resolves to what is to be shown. */
export async function personCommand(
  client: Client,
  verb: MarkVerb | 'verify',
  argument: string,
): Promise<string[]> {
  if (!argument) throw new ChatterError('USAGE', { message: `/${verb} needs a name, or name#tag.` });
  if (verb !== 'verify') return [(await mark(client, verb, argument))[1]];
  const sure = /^(.+) yes$/is.exec(argument);
  if (!sure) return numbersToCompare(await client.request('person', { person: argument }));
  const known = await client.request('mark', { person: sure[1] as string, verified: true });
  return [`${personLabel(known)} is verified.`];
}
