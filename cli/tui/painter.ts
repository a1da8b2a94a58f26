import { EventEmitter } from 'node:events';
import { type Instance, render } from 'ink';
import { createElement } from 'react';
import { Screenful } from './frame.js';
import type { Frame } from './layout.js';

/**
 * Turns frames into rows of text with colours, by Ink. Ink's own way to the terminal moves the cursor relative to where
 * it believes it to be, which a resize breaks and a full screen makes flicker: in `debug` mode each drawing is one
 * write of the whole text instead, which `Screen` puts in its place.
 */
export class Painter {
  readonly #color: boolean;
  readonly #stream: NodeJS.WriteStream;
  #ink: Instance | null = null;
  #text = '';

  constructor(color: boolean) {
    this.#color = color;
    const write = (text: string, done?: unknown): boolean => {
      this.#text = text;
      if (typeof done === 'function') done();
      return true;
    };
    this.#stream = Object.assign(new EventEmitter(), { write }) as unknown as NodeJS.WriteStream;
  }

  paint(frame: Frame): string[] {
    this.#stream.columns = frame.columns;
    const screenful = createElement(Screenful, { frame, color: this.#color });
    if (this.#ink) this.#ink.rerender(screenful);
    else
      this.#ink = render(screenful, {
        stdout: this.#stream,
        debug: true,
        patchConsole: false,
        exitOnCtrlC: false,
      });
    return this.#text.split('\n');
  }

  close(): void {
    this.#ink?.unmount();
  }
}
