import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import type { EventBody, Params, Result } from '../../src/daemon/api.js';
import type { ChatMethod } from '../../src/daemon/api-node.js';
import { NodeView } from '../../src/daemon/node-view.js';
import { ChatterNode } from '../../src/node/node.js';
import type { NodeOptions } from '../../src/node/options.js';
import { DataFolder } from '../../src/storage/data-folder.js';

/** A real node on a data folder, on loopback alone, as the API shows it. It may be closed and opened again. */
export class KeptNode {
  readonly folder: DataFolder;
  readonly events: EventBody[] = [];
  readonly #options: NodeOptions;
  readonly #heard = new Set<() => void>();
  #node: ChatterNode | null = null;
  #view: NodeView | null = null;

  private constructor(folder: string, options: NodeOptions) {
    this.folder = new DataFolder({ data: folder });
    this.#options = options;
  }

  /** Opened, and closed with the test. */
  static async open(t: Pick<Test, 'teardown'>, folder: string, options: NodeOptions = {}): Promise<KeptNode> {
    const node = new KeptNode(folder, options);
    t.teardown(async () => {
      await node.close();
      rmSync(folder, { recursive: true, force: true });
    });
    await node.open();
    return node;
  }

  async open(): Promise<void> {
    this.folder.create();
    const node = new ChatterNode(this.folder, { lan: false, internet: false, ...this.#options });
    this.#node = node;
    this.#view = new NodeView(node, this.folder.uploads);
    await node.open();
    this.#view.onEvent((event) => {
      this.events.push(event);
      for (const fn of this.#heard) fn();
    });
  }

  async close(): Promise<void> {
    await this.#node?.close();
    this.#node = null;
  }

  get node(): ChatterNode {
    if (!this.#node) throw new Error('closed');
    return this.#node;
  }

  get view(): NodeView {
    if (!this.#view) throw new Error('closed');
    return this.#view;
  }

  get id(): string {
    return this.node.identity.id;
  }

  ask<M extends ChatMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.view.chat(method, params);
  }

  /** Joins a room that is new or known, at the address of others where it is given. */
  async join(room: string, ...others: KeptNode[]): Promise<Result<'join'>> {
    const peers = others.map(({ node }) => `127.0.0.1:${node.lanPort}`);
    return this.view.join({ room, open: true, peers });
  }

  /** All texts of a room as they stand, in its order. */
  async texts(room: string): Promise<string[]> {
    const { messages } = await this.ask('history', { room, limit: 500 });
    return messages.map(({ text }) => text);
  }

  /** Resolves once `fits` holds, which is looked at after every event and now and then. */
  async until<T>(fits: () => Promise<T | false | undefined> | T | false | undefined): Promise<T> {
    for (;;) {
      const found = await fits();
      if (found) return found;
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#heard.delete(done);
          resolve();
        };
        const timer = setTimeout(done, 100);
        this.#heard.add(done);
      });
    }
  }

  /** Resolves once exactly these texts, in any order, are there. */
  async has(room: string, texts: readonly string[]): Promise<void> {
    const wanted = texts.toSorted().join('\n');
    await this.until(async () => (await this.texts(room)).toSorted().join('\n') === wanted);
  }

  /** Files of the data folder in which these bytes stand. */
  filesWith(text: string): string[] {
    const found: string[] = [];
    for (const entry of readdirSync(this.folder.path, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name);
      if (entry.isFile() && readFileSync(file).includes(text)) found.push(entry.name);
    }
    return found;
  }
}
