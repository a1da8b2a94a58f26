import type { Method } from '../src/daemon/api.js';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';

/** What a line of `join --json` can ask for, besides `say`: each is about the room of the window. */
const VERBS = ['dm', 'edit', 'delete', 'react', 'read', 'typing', 'dmAnswer'] as const;
type Verb = 'say' | (typeof VERBS)[number];

export interface JsonRequest {
  readonly verb: Verb;
  readonly params: Record<string, unknown>;
}

/** An input line that is a JSON object is a request; any other line is a message, which is null here. Throws USAGE. */
export function asRequest(line: string): JsonRequest | null {
  if (!line.startsWith('{')) return null;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { do: verb, ...params } = value;
  if (verb === 'say' && typeof params.text === 'string') return { verb, params };
  if (VERBS.includes(verb as (typeof VERBS)[number])) return { verb: verb as Verb, params };
  throw new ChatterError('USAGE', {
    message: `A request line is {"do":"say","text":"…"}, or ${VERBS.join(', ')} with what the local API takes.`,
  });
}

/** Does what a line asked for in this room. Throws what the node answers. */
export async function doRequest(client: Client, { verb, params }: JsonRequest, room: string): Promise<void> {
  // The node checks what it is given.
  await client.request(verb as Method, { ...params, room } as never);
}
