import { ChatterError } from '../src/errors.js';
import type { Context } from './context.js';
import { ask, askHidden, canAsk } from './prompt.js';
import { readSecretFile, readTextFile } from './read-secret.js';

export interface RoomChoice {
  protected?: boolean;
  open?: boolean;
  inviteFile?: string;
  reach?: 'here' | 'anywhere';
}

export interface ChosenRoom {
  room: string;
  passphrase?: string;
  open?: boolean;
  reach?: 'here' | 'anywhere';
}

/** What asking for a room says; an empty answer is the lobby. */
const ROOM_QUESTION = 'Room name or invite link [lobby, this network only]: ';

/** The room that a person means, and its passphrase, from arguments, files or questions. */
export async function chooseRoom(
  context: Context,
  room: string | undefined,
  choice: RoomChoice,
): Promise<ChosenRoom> {
  const ref = room ?? (await roomFrom(choice));
  if (room?.includes('chatter://')) {
    context.out.note(
      'Others on this computer can see an invite given as an argument. Safer: npx chatter join, and paste it there.',
    );
  }
  const passphrase = await passphraseFor(context, choice);
  return { room: ref, passphrase, open: choice.open, reach: choice.reach };
}

async function roomFrom({ inviteFile }: RoomChoice): Promise<string> {
  if (inviteFile !== undefined) return readTextFile(inviteFile);
  if (!canAsk()) {
    throw new ChatterError('USAGE', { message: 'Which room? Give its name, or --invite-file FILE.' });
  }
  const answer = await ask(ROOM_QUESTION);
  if (answer === null) throw new ChatterError('USAGE', { message: 'No room was given.' });
  return answer.trim() || 'lobby';
}

async function passphraseFor(context: Context, choice: RoomChoice): Promise<string | undefined> {
  const { passphraseFile } = context.options;
  if (passphraseFile !== undefined) return readSecretFile(passphraseFile);
  if (!choice.protected) return undefined;
  if (!canAsk()) throw new ChatterError('PASSPHRASE_NEEDED', { message: 'Give --passphrase-file FILE.' });
  const answer = await askHidden('Passphrase: ');
  if (answer === null) throw new ChatterError('PASSPHRASE_NEEDED');
  return answer;
}
