import type { Method, Params, Result } from '../api.js';
import type { Guests } from './guests.js';

type Methods = Extract<Method, `guest${string}`>;

/** Requests about guests, and who asks. */
export type GuestRequests = {
  [M in Methods]: (
    params: Params<M>,
    lease: { readonly closed: boolean } | null,
  ) => Result<M> | Promise<Result<M>>;
};

/** Requests about guests, answered. */
export class GuestsView {
  readonly #guests: Guests;

  constructor(guests: Guests) {
    this.#guests = guests;
  }

  guest({ room }: Params<'guest'>): Result<'guest'> {
    return { guest: this.#guests.info(room) };
  }

  guestOpen(
    { room, minutes, address, bound }: Params<'guestOpen'>,
    lease: { readonly closed: boolean } | null,
  ): Promise<Result<'guestOpen'>> {
    return this.#guests.open(room, { minutes, address, bound: bound ? lease : null });
  }

  async guestClose({ room }: Params<'guestClose'>): Promise<Result<'guestClose'>> {
    await this.#guests.page(room).close();
    return {};
  }

  guestSay({ room, text }: Params<'guestSay'>): Result<'guestSay'> {
    const page = this.#guests.page(room);
    page.say(text);
    return page.info;
  }

  async guestPut({ room, paths, transfer }: Params<'guestPut'>): Promise<Result<'guestPut'>> {
    const page = this.#guests.page(room);
    if (paths && paths.length > 0) await page.shelf.putPaths(paths);
    if (transfer !== undefined) this.#guests.putTransfer(room, transfer);
    page.changed();
    return page.info;
  }

  guestTake({ room, id }: Params<'guestTake'>): Result<'guestTake'> {
    const page = this.#guests.page(room);
    page.shelf.remove(id);
    page.changed();
    return page.info;
  }

  async guestAnswer({ room, upload, accept }: Params<'guestAnswer'>): Promise<Result<'guestAnswer'>> {
    const page = this.#guests.page(room);
    if (accept) await page.accept(upload);
    else page.decline(upload);
    return page.info;
  }
}
