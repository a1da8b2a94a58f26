import type { Result } from '../src/daemon/api.js';
import type { Message } from '../src/daemon/chat-api.js';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';
import { callLines } from './call-lines.js';
import { Names } from './event-lines.js';
import { fileCommand, isFileVerb } from './file-slash.js';
import { historyCommand, isHistoryVerb } from './history-slash.js';
import { isMessageVerb, messageCommand } from './message-commands.js';
import { safe } from './output.js';
import { pathLabel } from './path-label.js';
import { peerLines } from './peer-lines.js';
import { isPersonVerb, personCommand } from './person-commands.js';
import { isShareVerb, shareCommand } from './share-slash.js';
import { slashHelp } from './slash-verbs.js';

export interface SlashContext {
  client: Client;
  room: Pick<Result<'join'>, 'room' | 'roomId'>;
  /** The messages that the window has shown, the newest last. */
  messages: Iterable<Message>;
  /** Hears of messages that are shown by a command. */
  see: (message: Message) => void;
  /** The window shows by itself what has come into the history. Default false. */
  showsHistory?: boolean;
}

/** Does what a line that begins with `/` asks for; resolves to what is to be shown. Throws USAGE for others. */
export async function slashCommand(
  line: string,
  { client, room, messages, see, showsHistory = false }: SlashContext,
): Promise<string[]> {
  const [, verb = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  const argument = rest.trim();
  switch (verb) {
    case 'help':
      return slashHelp();
    case 'me':
      if (!argument) throw new ChatterError('USAGE', { message: '/me needs what you do.' });
      await client.request('say', { room: room.roomId, text: argument, me: true });
      return [];
    case 'peers':
      return (await client.request('peers', { room: room.roomId })).flatMap((peer) => peerLines(peer));
    case 'who': {
      const names = new Names();
      const people = await client.request('peers', { room: room.roomId });
      for (const person of people) names.see(person);
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
    case 'call': {
      const names = new Names();
      return callLines(await client.request('calls', { room: room.roomId }), room.room, (person) =>
        names.of(person),
      );
    }
    case 'invite':
      return (await client.request('invite', { room: room.roomId })).sentence.split('\n').map(safe);
    case 'leave':
      await client.request('leave', { room: room.roomId });
      return [`Left ${safe(room.room)}. /quit closes this window.`];
    default:
      if (isMessageVerb(verb)) return messageCommand(client, verb, argument, messages);
      if (isHistoryVerb(verb))
        return historyCommand(client, verb, argument, { room: room.roomId, see, showsHistory });
      if (isFileVerb(verb)) return fileCommand(client, verb, argument, room.roomId);
      if (isShareVerb(verb)) return shareCommand(client, verb, argument, room.roomId);
      if (isPersonVerb(verb)) return personCommand(client, verb, argument);
      throw new ChatterError('USAGE', { message: `There is no /${safe(verb)}; /help lists what there is.` });
  }
}
