import type { Client } from '../../src/daemon/client.js';
import { ChatterError } from '../../src/errors.js';
import { inputLine } from '../input-line.js';
import { isLive } from '../live-room.js';
import { isMessageVerb, reply } from '../message-commands.js';
import { sharedNames } from '../share-slash.js';
import { ShownMessages } from '../shown-messages.js';
import { slashCommand } from '../slash-commands.js';
import type { Attention } from './attention.js';
import { begun, withWords, wordsFor } from './complete.js';
import { Draft } from './draft.js';
import { withText } from './editor.js';
import { messagesOf } from './entries.js';
import type { Target } from './state.js';
import { withTarget } from './target.js';
import type { View } from './view.js';

export interface WritingOptions {
  attention: Attention;
  /** Closes the window. */
  quit: () => void;
  /** A command was done that may have changed who is here. */
  done: () => void;
}

/** What becomes of what somebody writes in the full screen: it is completed, kept, said, or done. */
export class Writing {
  readonly #client: Client;
  readonly #view: View;
  readonly #options: WritingOptions;
  readonly #draft: Draft;
  /** Found by a command, and not in the log. */
  readonly #found = new ShownMessages();

  constructor(client: Client, view: View, options: WritingOptions) {
    this.#client = client;
    this.#view = view;
    this.#options = options;
    this.#draft = new Draft(client, view.state.roomId);
  }

  /** Takes up what one had begun to write here, in this window or another. */
  async goOn(): Promise<void> {
    const text = await this.#draft.read();
    const { state } = this.#view;
    if (text !== '' && state.editor.text === '')
      this.#view.set({ ...state, editor: withText(state.editor, text) });
  }

  /** Something was typed that is to be said. */
  typed(): void {
    this.#draft.keepSoon(() => this.#unsaid());
    this.#options.attention.writes();
  }

  /** Keeps what was begun, for the next window. */
  async keep(): Promise<void> {
    if (this.#view.state.joined) await this.#draft.keep(this.#unsaid());
  }

  close(): void {
    this.#draft.close();
  }

  /** Does what Enter asks for; what could not be done is there to be tried again. */
  async submit(text: string, target: Target | null): Promise<void> {
    try {
      this.#options.attention.wrote();
      void this.#draft.keep(this.#unsaid());
      await this.#submit(text, target);
    } catch (err) {
      this.#view.fail(err);
      const { state } = this.#view;
      if (state.editor.text === '')
        this.#view.set({ ...state, target, editor: withText(state.editor, text) });
    }
  }

  /** Completes the word before the cursor, or says what could be completed. */
  async complete(): Promise<void> {
    const { text, cursor } = this.#view.state.editor;
    const word = begun(text, cursor);
    const shared = sharedNames(this.#client, this.#view.state.roomId);
    const words = word ? await wordsFor(this.#view.state, word, shared) : [];
    const { state } = this.#view;
    // Something was typed meanwhile: what was looked for is not wanted any more.
    if (state.editor.text !== text || state.editor.cursor !== cursor) return;
    if (word) this.#view.set(withWords(state, word, words));
    else
      this.#view.hint({ text: 'Tab completes /commands, their names and paths, and @names.', tone: 'dim' });
  }

  async #submit(text: string, target: Target | null): Promise<void> {
    const { roomId: room } = this.#view.state;
    if (target?.verb === 'edit') {
      await this.#client.request('edit', { room, id: target.message.id, text });
      return;
    }
    const line = inputLine(text);
    switch (line.type) {
      case 'quit':
        return this.#options.quit();
      case 'say': {
        if (!this.#view.state.joined)
          throw new ChatterError('ROOM_UNKNOWN', { message: 'You have left this room; nobody got this.' });
        if (target) return reply(this.#client, target.message, line.text);
        const { recipients } = await this.#client.request('say', { room, text: line.text });
        if (recipients === 0 && isLive(this.#view.state))
          this.#view.hint({
            text: 'Nobody is here: nobody got this, and nothing of the lobby is kept.',
            tone: 'risk',
          });
        return;
      }
      case 'command':
        return this.#command(line.text);
    }
  }

  async #command(text: string): Promise<void> {
    const [, verb = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(text) ?? [];
    const { state } = this.#view;
    const begins = isMessageVerb(verb) ? withTarget(state, verb, rest.trim()) : null;
    if (begins) return this.#view.set(begins);
    const { room, roomId } = state;
    const lines = await slashCommand(text, {
      client: this.#client,
      room: { room, roomId },
      messages: [...this.#found, ...messagesOf(state.entries)],
      see: (message) => this.#found.see(message),
      showsHistory: true,
    });
    this.#view.note(lines, 'plain');
    this.#options.done();
  }

  /** What is being written to be said, as against commands and changes of what was said. */
  #unsaid(): string {
    const { editor, target } = this.#view.state;
    return target?.verb === 'edit' || editor.text.startsWith('/') ? '' : editor.text;
  }
}
