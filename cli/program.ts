import { Command, Option } from 'commander';
import { ChatterError } from '../src/errors.js';
import { nearest } from '../src/nearest.js';
import { packageVersion } from '../src/package-files.js';
import type { Action } from './add-command.js';
import { addCallCommands } from './call-commands.js';
import type { GlobalOptions } from './context.js';
import { addFileCommands } from './file-commands.js';
import { ownOptionsFirst, shortHelp } from './help.js';
import { addHistoryCommands } from './history-commands.js';
import { address, collect, hookEvent, port, seconds, wholeNumber } from './option-values.js';
import { DETACH, NO_WAIT, YES } from './option-words.js';

const EXAMPLES: Record<string, [string, string]> = {
  '': ['chatter join lab', 'chatter say lab "back in five minutes"'],
  open: ['chatter open', 'chatter open lab'],
  join: ['chatter join lab', 'chatter join lab --json < commands.txt > events.txt'],
  say: ['chatter say lab "the build is green"', 'uptime | chatter say lab -'],
  dm: ['chatter dm lab "Blue Heron" "lunch?"', 'git diff | chatter dm lab "#x7k2p4" -'],
  history: ['chatter history lab --since 2h', 'chatter history lab --search "release notes" --json'],
  keep: ['chatter keep lab', 'chatter keep lab 7d --reads off'],
  export: ['chatter export', 'chatter export lab --out ~/lab-2026'],
  wipe: ['chatter wipe', 'chatter wipe --profile two --yes'],
  forget: ['chatter forget lab', 'chatter forget "lab#3f09ac" --yes'],
  send: ['chatter send lab report.pdf photos', 'chatter send lab --to "Blue Heron" notes.txt'],
  receive: ['chatter receive lab --out ~/inbox', 'chatter receive lab --yes --from "#x7k2p4" --once'],
  share: ['chatter share lab ~/Photos', 'chatter share lab report.pdf --detach'],
  unshare: ['chatter unshare lab Photos', 'chatter unshare lab ~/Photos'],
  ls: ['chatter ls lab', 'chatter ls lab "*.pdf" --json'],
  get: ['chatter get lab report.pdf', 'chatter get lab Photos/2024 --from "Blue Heron" --out ~/inbox'],
  transfers: ['chatter transfers', 'chatter transfers lab --json'],
  accept: ['chatter accept 3f09ac12', 'chatter accept 3f09ac12 --out ~/inbox'],
  decline: ['chatter decline 3f09ac12', 'chatter decline 3f09ac12 --json'],
  pause: ['chatter pause 3f09ac12', 'chatter pause 3f09ac12 --json'],
  resume: ['chatter resume 3f09ac12', 'chatter resume 3f09ac12 --json'],
  cancel: ['chatter cancel 3f09ac12', 'chatter cancel 3f09ac12 --json'],
  withdraw: ['chatter withdraw 3f09ac12', 'chatter withdraw 3f09ac12 --json'],
  peers: ['chatter peers lab', 'chatter peers lab --json'],
  watch: ['chatter watch lab | mpv -', 'chatter watch lab --from "Blue Heron" --out talk.ivf'],
  shot: ['chatter shot lab', 'chatter shot lab --from "Blue Heron" --out slide.avif'],
  guest: ['chatter guest lab', 'chatter guest lobby slides.pdf --minutes 15'],
  invite: ['chatter invite --new design', 'chatter invite lab --qr'],
  whoami: ['chatter whoami', 'chatter whoami --name "Blue Heron"'],
  rooms: ['chatter rooms', 'chatter rooms --json'],
  leave: ['chatter leave lab', 'chatter leave "lab#3f09ac"'],
  verify: ['chatter verify "Blue Heron"', 'chatter verify "#x7k2p4" --number "12345 67890 …"'],
  block: ['chatter block "Blue Heron#x7k2p4"', 'chatter block'],
  unblock: ['chatter unblock "Blue Heron"', 'chatter unblock "#x7k2p4"'],
  mute: ['chatter mute "Blue Heron"', 'chatter mute'],
  unmute: ['chatter unmute "Blue Heron"', 'chatter unmute "#x7k2p4"'],
  on: ['chatter on lab -- notify-send Chatter', 'chatter on lab --reply --event join -- echo welcome'],
  set: ['chatter set', 'chatter set reach here'],
  help: ['chatter help', 'chatter help join'],
  completion: ['chatter completion bash >> ~/.bashrc', 'chatter completion fish | source'],
  status: ['chatter status', 'chatter status --json'],
  stop: ['chatter stop', 'chatter stop --profile two'],
  doctor: ['chatter doctor', 'chatter doctor 192.168.1.20'],
  daemon: ['chatter daemon', 'chatter daemon --listen 4711 --lan-only'],
};

/** The command line: names, arguments, options and help. What a command does is loaded when it is called. */
export function buildProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('chatter')
    .description('Rooms without a server: people on one network, or anywhere, talk directly.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpCommand(false)
    .configureHelp({
      showGlobalOptions: false,
      helpWidth: 80,
      visibleOptions: ownOptionsFirst,
      optionDescription: ({ description }) => description,
    })
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(asFailure(text)) });
  addGlobalOptions(program);
  addExamples(program, '');

  const command = (usage: string, description: string, load: () => Promise<{ run: Action }>): Command => {
    const added = program.command(usage).description(description);
    added.action(async (...given: unknown[]) => {
      const self = given.pop() as Command;
      const options = given.pop() as Record<string, unknown>;
      const [{ run }, { Context }] = await Promise.all([load(), import('./context.js')]);
      setExitCode(
        await run(new Context(self.optsWithGlobals<GlobalOptions>()), given.flat() as string[], options),
      );
    });
    addExamples(added, added.name());
    return added;
  };

  const choosesRoom = (added: Command) =>
    added
      .option('--protected', 'ask for the passphrase of a protected room')
      .option('--open', 'the open room, even where a protected one is known')
      .addOption(
        new Option('--reach <WHERE>', 'here (this network alone) or anywhere; it is kept').choices([
          'here',
          'anywhere',
        ]),
      )
      .option('--invite-file <FILE>', 'read the invite from a file (- is standard input)')
      .option('--yes', YES);

  choosesRoom(
    command(
      'open [ROOM]',
      'open the page in a browser, and stay until Ctrl-C',
      () => import('./commands/open.js'),
    ),
  )
    .option('--no-browser', 'only print the address')
    .option('--detach', DETACH);
  choosesRoom(command('join [ROOM]', 'talk in a room', () => import('./commands/join.js')))
    .option('--plain', 'appended lines instead of the whole screen (also with TERM=dumb)')
    .option('--commands', 'take / commands from a pipe too')
    .option('--history <N>', 'lines of before, 0 to 500 (plain: 20, on a pipe: 0)', wholeNumber(0, 500));
  choosesRoom(
    command(
      'say ROOM TEXT...',
      'say one line and end when somebody has it (- is standard input)',
      () => import('./commands/say.js'),
    ),
  ).option('--no-wait', NO_WAIT);
  addHistoryCommands(command, choosesRoom);
  addFileCommands(command, choosesRoom);
  addCallCommands(command, choosesRoom);
  command('peers ROOM', 'who is here, and by which path', () => import('./commands/peers.js'));
  choosesRoom(
    command(
      'guest ROOM [PATH...]',
      'a page for somebody on this network with nothing but a browser, for an hour or until Ctrl-C',
      () => import('./commands/guest.js'),
    ),
  )
    .option('--minutes <N>', 'how long, 1 to 1440 (default 60)', wholeNumber(1, 1440))
    .option('--address <IP>', 'which address of this machine')
    .option('--take', 'give what guests hand in to the room without asking');
  command('invite [ROOM]', 'print the invite of a room', () => import('./commands/invite.js'))
    .option('--new [LABEL]', 'make a new private room')
    .option('--qr', 'print the QR code too (always on a terminal)');
  command(
    'whoami',
    'own name, key and safety number; --name changes the name',
    () => import('./commands/whoami.js'),
  )
    .option('--backup <FILE>', 'write your key, rooms and trust to a new file that a passphrase opens')
    .option('--restore <FILE>', 'be who the file is of, in a data folder where nobody lives yet');
  command('rooms', 'the rooms of this data folder', () => import('./commands/rooms.js'));
  command('leave ROOM', 'leave a room; what is known of it is kept', () => import('./commands/leave.js'));
  command(
    'verify [PEER]',
    'compare safety numbers with somebody and mark them as verified; without PEER, who is',
    () => import('./commands/verify.js'),
  )
    .option(
      '--number <DIGITS>',
      'the number that they see, or that their whoami shows: marks them if it fits',
    )
    .option('--yes', `${YES}; off a terminal PEER is then a tag or an id`)
    .option('--undo', 'take the mark back');
  const marking = (usage: string, description: string, verb: 'block' | 'unblock' | 'mute' | 'unmute') =>
    command(usage, description, async () => ({ run: (await import('./commands/mark.js'))[verb] }));
  marking(
    'block [PEER]',
    'let somebody in nowhere any more; nobody is told. Without PEER, who is blocked',
    'block',
  );
  marking('unblock PEER', 'let somebody in again', 'unblock');
  marking('mute [PEER]', 'do not show what somebody says. Without PEER, who is muted', 'mute');
  marking('unmute PEER', 'show what somebody says again', 'unmute');
  choosesRoom(
    command(
      'on ROOM PROGRAM...',
      'run a program on each message: its input is the text, CHATTER_NAME and the like are set',
      () => import('./commands/on.js') as Promise<{ run: Action }>,
    ),
  )
    .option('--event <TYPE>', 'on a message, a join or a leave (repeatable; default message)', hookEvent)
    .option('--verified', 'only on what verified people do')
    .option('--reply', 'say in the room what it prints');
  command(
    'set [KEY] [VALUE]',
    'set something; without VALUE, what is set',
    () => import('./commands/set.js'),
  ).option('--reset', 'take KEY back to its default');
  command(
    'completion SHELL...',
    'print what makes a shell complete commands, options, rooms and people',
    async () => {
      const completion = await import('./commands/completion.js');
      return { run: (context, args, options) => completion.run(context, args, { ...options, program }) };
    },
  )
    .usage('[options] SHELL')
    .addOption(new Option('--candidates', 'words for the shell').hideHelp());
  command('help [COMMAND]', 'every command and option, or all about one command', async () => {
    const help = await import('./commands/help.js');
    return { run: (context, args) => help.run(context, args, { program }) };
  });
  program.helpInformation = () => shortHelp(program);
  command('status', 'the running node', () => import('./commands/status.js'));
  command('stop', 'end the running node', () => import('./commands/stop.js'));
  command(
    'doctor [HOST]',
    'say why people are not found, or why not HOST (an address, or host:port), and what mends it',
    () => import('./commands/doctor.js'),
  );
  command('daemon', 'run a node that stays, in the foreground', () => import('./commands/daemon.js'));
  program.allowExcessArguments().action(async () => {
    const [unknown] = program.args;
    if (unknown !== undefined) {
      const names = program.commands.map((added) => added.name());
      const meant = nearest(unknown, names);
      throw new ChatterError('USAGE', {
        message: meant
          ? `There is no command "${unknown}"; did you mean "${meant}"?`
          : `There is no command "${unknown}"; chatter --help lists what there is.`,
      });
    }
    const [{ run }, { Context }] = await Promise.all([import('./commands/open.js'), import('./context.js')]);
    setExitCode(await run(new Context(program.opts<GlobalOptions>()), [], {}));
  });
  return program;
}

function addGlobalOptions(program: Command): void {
  program
    .option('--data <DIR>', 'another data folder')
    .option('--profile <NAME>', 'a second person on this computer')
    .option('--name <NAME>', 'display name: in this room, or with whoami everywhere')
    .option('--lan-only', 'only this network')
    .option('--no-lan', 'not this network; typed addresses still work')
    .option('--peer <HOST:PORT>', 'dial this address for the room (repeatable)', collect)
    .option(
      '--bootstrap <HOST:PORT>',
      'enter the DHT here instead of at the public nodes (repeatable)',
      address,
    )
    .option('--listen <PORT>', 'TCP port for other people', port)
    .option('--port <PORT>', 'port of the local API', port)
    .option('--passphrase-file <FILE>', 'the passphrase of a protected room (- is standard input)')
    .option('--timeout <SECONDS>', 'how long to wait for somebody', seconds)
    .option('--json', 'one JSON object a line')
    .option('--quiet', 'only results')
    .option('--log-level <LEVEL>', 'debug, info, warn, error or silent')
    .option('--color', 'colours even where there is no terminal')
    .option('--no-color', 'no colours')
    .addOption(new Option('--passphrase <TEXT>').hideHelp());
}

function addExamples(command: Command, name: string): void {
  const [first, second] = EXAMPLES[name] as [string, string];
  command.addHelpText('after', `\nExamples:\n  ${first}\n  ${second}`);
}

/** Commander's own complaints, in the one line that every failure has. */
const asFailure = (text: string) => {
  const sentence = text
    .replace(/^error: /, '')
    .replace(/\s+/g, ' ')
    .trim();
  return sentence ? `chatter: USAGE: ${sentence[0]?.toUpperCase()}${sentence.slice(1)}\n` : '';
};
