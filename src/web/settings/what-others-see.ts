import type { RoomInfo } from '../../daemon/api.js';

/** `risk`: seen by people whom one has not chosen. */
export interface Seen {
  seen: 'no' | 'yes' | 'risk';
  words: string;
}

interface View {
  columns: string[];
  rows: { what: string; cells: Seen[] }[];
  /** Open rooms that can be guessed from anywhere. */
  guessable: string[];
}

const no = (words = 'No'): Seen => ({ seen: 'no', words });
const yes = (words = 'Yes'): Seen => ({ seen: 'yes', words });
const risk = (words = 'Yes'): Seen => ({ seen: 'risk', words });

/** Who sees what of somebody in these rooms (SECURITY.md, "Privacy" of README). Pure. */
export function whatOthersSee({
  name,
  rooms,
  lanOnly,
}: {
  name: string;
  rooms: readonly RoomInfo[];
  lanOnly: boolean;
}): View {
  const inRooms = rooms.length > 0;
  const outside = !lanOnly && rooms.some(({ reach }) => reach === 'anywhere');
  const open = rooms.filter(({ kind }) => kind === 'open');
  const guessable = open.filter(({ reach }) => !lanOnly && reach === 'anywhere').map(({ room }) => room);
  const guessed = open.length > 0;
  const columns = [
    'People in your rooms',
    'Others on this network',
    'Who guesses an open room’s name',
    'Your Internet provider',
  ];
  const rows = [
    { what: 'Your name', cells: [inRooms ? yes(name) : no(), no(), guessed ? risk(name) : no(), no()] },
    {
      what: 'Your address',
      cells: [
        inRooms ? yes(outside ? 'On this network, and on the Internet' : 'On this network') : no(),
        inRooms ? yes('On this network') : no(),
        guessed ? risk() : no(),
        yes('It gave it to you'),
      ],
    },
    {
      what: 'That you use Chatter',
      cells: [
        inRooms ? yes() : no(),
        inRooms ? yes() : no(),
        guessed ? risk() : no(),
        outside ? yes('Can tell') : no(),
      ],
    },
    {
      what: 'Which rooms',
      cells: [
        inRooms ? yes('Only those you share') : no(),
        no('No, names are hidden'),
        guessed ? risk('The one guessed') : no(),
        no(),
      ],
    },
    {
      what: 'Messages and files',
      cells: [
        inRooms ? yes('Those of the room') : no(),
        no(),
        guessed ? risk('Also what was said before') : no(),
        outside ? no('Only how much') : no(),
      ],
    },
    {
      what: 'When you are here',
      cells: [
        inRooms ? yes() : no(),
        inRooms ? yes() : no(),
        guessed ? risk() : no(),
        outside ? yes() : no(),
      ],
    },
  ];
  return { columns, rows, guessable };
}
