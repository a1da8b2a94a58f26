import { ChatterError } from '../errors.js';
import { type Method, type Params, REQUESTS, type Result } from './api.js';
import type { ApiNode, ChatMethod, NodeStatus } from './api-node.js';
import { CHAT_REQUESTS } from './chat-api.js';
import type { FileAccess } from './file-access.js';
import { foldersIn } from './folders.js';
import type { GuestRequests } from './guest/guests-view.js';
import type { Leases } from './leases.js';

export interface RequestContext {
  node: ApiNode;
  leases: Leases;
  access: FileAccess;
  guests: GuestRequests;
  /** The daemon's own part of `status`. */
  describe: () => Omit<Result<'status'>, NodeStatus>;
  /** The page's address with a fresh code in it, and the id of the room to show. */
  pageUrl: (roomId?: string) => string;
  /** What lets one media socket in. */
  mediaTicket: () => string;
  stop: () => void;
  /** Removes all that the node has, and ends it. */
  wipe: () => Promise<void>;
}

/** Who asks. `lease` is null for one that cannot hold a lease: a single HTTP request. */
export interface Caller {
  lease: { readonly closed: boolean } | null;
}

type Handlers = {
  [M in Method]: (params: never, caller: Caller) => Result<M> | Promise<Result<M>>;
};

type ChatHandlers = Pick<Handlers, ChatMethod>;

const chatHandlers = (node: ApiNode): ChatHandlers =>
  Object.fromEntries(
    (Object.keys(CHAT_REQUESTS) as ChatMethod[]).map((method) => [
      method,
      (params: never) => node.chat(method, params),
    ]),
  ) as unknown as ChatHandlers;

/** Answers requests: parameters are checked here, whatever brought them. Rejects with ChatterError only. */
export class Requests {
  readonly #leases: Leases;
  readonly #handlers: Handlers;

  constructor({ node, leases, access, guests, describe, pageUrl, mediaTicket, stop, wipe }: RequestContext) {
    this.#leases = leases;
    this.#handlers = {
      status: () => ({ ...describe(), ...node.status() }),
      whoami: (params) => node.whoami(params),
      rename: (params) => node.rename(params),
      rooms: (params) => node.rooms(params),
      join: async (params, { lease }) => {
        const joined = await node.join(params);
        if (lease && !lease.closed) leases.hold(lease); // it may have gone meanwhile
        return joined;
      },
      leave: (params) => node.leave(params),
      hold: (_params, { lease }) => {
        if (lease && !lease.closed) leases.hold(lease);
        return {};
      },
      release: (_params, { lease }) => {
        if (lease) leases.release(lease);
        return {};
      },
      peers: (params) => node.peers(params),
      invite: (params) => node.invite(params),
      create: (params) => node.create(params),
      ...chatHandlers(node),
      people: (params) => node.people(params),
      person: (params) => node.person(params),
      mark: (params) => node.mark(params),
      settings: (params) => node.settings(params),
      set: (params) => node.set(params),
      backup: (params) => node.backup(params),
      send: (params) => node.send(params),
      transfers: (params) => node.transfers(params),
      accept: (params) => node.accept(params),
      decline: (params) => node.decline(params),
      pause: (params) => node.pause(params),
      resume: (params) => node.resume(params),
      cancel: (params) => node.cancel(params),
      withdraw: (params) => node.withdraw(params),
      calls: (params) => node.calls(params),
      'call-tracks': (params) => node['call-tracks'](params),
      'call-ring': (params) => node['call-ring'](params),
      'call-decline': (params) => node['call-decline'](params),
      'media-ticket': () => ({ ticket: mediaTicket() }),
      doctor: (params) => node.doctor(params),
      upload: (params) => node.upload(params),
      ticket: (params: Params<'ticket'>) => {
        const { transfer, file } = node.bodies.open(params.transfer, params.file);
        return { url: `/api/save/${access.ticket({ transfer, file })}` };
      },
      pass: (_params, { lease }) => {
        if (!lease) throw new ChatterError('API_BAD_REQUEST', { message: 'pass: over a WebSocket only.' });
        return { pass: access.pass(lease) };
      },
      guest: (params) => guests.guest(params, null),
      guestOpen: (params, { lease }) => guests.guestOpen(params, lease),
      guestClose: (params) => guests.guestClose(params, null),
      guestSay: (params) => guests.guestSay(params, null),
      guestPut: (params) => guests.guestPut(params, null),
      guestTake: (params) => guests.guestTake(params, null),
      guestAnswer: (params) => guests.guestAnswer(params, null),
      share: (params) => node.share(params),
      unshare: (params) => node.unshare(params),
      shares: (params) => node.shares(params),
      ls: (params) => node.ls(params),
      folders: ({ path }: Params<'folders'>) => foldersIn(path),
      get: (params) => node.get(params),
      page: async ({ room }: { room?: string }) => {
        const known = room === undefined ? undefined : await node.invite({ room });
        return { url: pageUrl(known?.roomId) };
      },
      pin: ({ pinned }: { pinned: boolean }) => {
        leases.pinned = pinned;
        return {};
      },
      stop: () => {
        stop();
        return {};
      },
      wipe: async () => {
        await wipe();
        return {};
      },
    };
  }

  async answer(method: string, params: unknown, caller: Caller): Promise<unknown> {
    if (!Object.hasOwn(REQUESTS, method)) throw new ChatterError('API_NOT_FOUND');
    const parsed = REQUESTS[method as Method].params.safeParse(params);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new ChatterError('API_BAD_REQUEST', {
        message: `${method}: ${issue?.path.map(String).join('.') || 'parameters'}: ${issue?.message}`,
      });
    }
    try {
      return await this.#leases.during(async () =>
        this.#handlers[method as Method](parsed.data as never, caller),
      );
    } catch (err) {
      throw ChatterError.from(err);
    }
  }
}
