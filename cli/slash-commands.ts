import type { Result } from '../src/daemon/api.js';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';
import type { Names } from './event-lines.js';
import { fileCommand, isFileVerb } from './file-slash.js';
import { safe } from './output.js';
import { pathLabel } from './path-label.js';
import { isPersonVerb, personCommand } from './person-commands.js';

export interface SlashContext {
  client: Client;
  room: Result<'join'>;
  names: Names;
}

const HELP = [
  '/who           who is here',
  '/name NAME     change your name in this room',
  '/verify PEER   compare safety numbers; /verify PEER yes marks them as verified',
  '/block PEER    let somebody in nowhere any more; /unblock PEER',
  '/mute PEER     do not show what somebody says; /unmute PEER',
  '/send PATH     offer a file or folder to everybody here',
  '/files         what is offered and under way',
  '/accept ID     take an offer; /decline ID, /pause ID, /resume ID, /cancel ID, /withdraw ID',
  '/invite        print the invite of this room',
  '/leave         leave the room for good (it is not joined again at the next start)',
  '/quit, {quit}  close this window',
  '//text         say a line that begins with /',
];

/** Does what a line that begins with `/` asks for; resolves to what is to be shown. Throws USAGE for others. */
export async function slashCommand(line: string, { client, room, names }: SlashContext): Promise<string[]> {
  const [verb = '', ...rest] = line.slice(1).split(/\s+/);
  const argument = rest.join(' ').trim();
  switch (verb) {
    case 'help':
      return HELP;
    case 'who':
    case 'peers': {
      const people = await client.request('peers', { room: room.roomId });
      return people.map(
        (person) =>
          `${names.of(person)}  ${person.self ? 'you' : pathLabel(person.path)}` +
          `${person.verified ? ', verified' : ''}${person.muted ? ', muted' : ''}`,
      );
    }
    case 'name': {
      if (!argument) throw new ChatterError('USAGE', { message: '/name needs the new name.' });
      const self = await client.request('rename', { name: argument, room: room.roomId });
      return [`You are ${safe(self.name)} here now.`];
    }
    case 'invite':
      return (await client.request('invite', { room: room.roomId })).sentence.split('\n').map(safe);
    case 'leave':
      await client.request('leave', { room: room.roomId });
      return [`Left ${safe(room.room)}. /quit closes this window.`];
    default:
      if (isFileVerb(verb)) return fileCommand(client, verb, argument, room.roomId);
      if (isPersonVerb(verb)) return personCommand(client, verb, argument);
      throw new ChatterError('USAGE', { message: `There is no /${safe(verb)}; /help lists what there is.` });
  }
}
