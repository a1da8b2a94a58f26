import type { ApiEvent, Person } from '../src/daemon/api.js';
import type { TransferInfo } from '../src/daemon/files-api.js';
import { ERRORS, type ErrorCode } from '../src/errors.js';
import { toHome } from './home-path.js';
import { safe } from './output.js';
import { reusedWords, size, speedWords, whatOf } from './transfer-lines.js';

/** A transfer as a window has heard of it; `startedAt`, in milliseconds since 1970, once bytes move. */
type Heard = TransferInfo & { readonly startedAt?: number };
export type Transfers = ReadonlyMap<string, Heard>;

/** What there is to tell: whether it went well, and the lines. */
interface News {
  readonly tone: 'done' | 'risk' | 'dim';
  readonly lines: readonly string[];
}

/** Of more places than this only the number is told. */
const PLACES = 3;
/** Ends that somebody wanted. */
const WANTED: Partial<Record<string, string>> = {
  TRANSFER_DECLINED: 'was declined',
  TRANSFER_CANCELLED: 'was cancelled',
  TRANSFER_WITHDRAWN: 'was withdrawn',
};

/** The transfers after an event of the node; the same ones where it is about none. */
export function withTransferEvent(transfers: Transfers, event: ApiEvent): Transfers {
  const put = (transfer: string, change: Partial<Heard>): Transfers => {
    const known = transfers.get(transfer);
    return known ? new Map(transfers).set(transfer, { ...known, ...change }) : transfers;
  };
  switch (event.type) {
    case 'file-offered':
    case 'transfer-changed': {
      const known = transfers.get(event.transfer);
      const startedAt = known?.startedAt ?? (event.state === 'active' ? Date.parse(event.time) : undefined);
      return new Map(transfers).set(event.transfer, { ...event, startedAt });
    }
    case 'transfer-progress': {
      // Some are still on their way when it was paused or has ended: they do not say how it stands.
      const { bytes, total, reused, ratePerSecond, sources } = event;
      return put(event.transfer, { bytes, total, reused, ratePerSecond, sources });
    }
    case 'transfer-done':
      return put(event.transfer, { state: 'done', bytes: event.bytes, paths: event.paths, ratePerSecond: 0 });
    case 'transfer-failed':
      return put(event.transfer, { state: 'failed', code: event.code, ratePerSecond: 0 });
    default:
      return transfers;
  }
}

/** What an event about a transfer is told as; `transfers` are as they were before it, `nameOf` is fit for the terminal. */
export function transferNews(
  transfers: Transfers,
  event: ApiEvent,
  nameOf: (person: Person) => string,
): readonly News[] {
  switch (event.type) {
    case 'transfer-changed':
      return answers(transfers.get(event.transfer), event, nameOf);
    case 'transfer-done':
      return arrived(transfers.get(event.transfer), event);
    case 'transfer-failed': {
      const known = transfers.get(event.transfer);
      const what = known ? whatOf(known) : 'A transfer';
      const wanted = WANTED[event.code];
      return [
        wanted
          ? { tone: 'dim', lines: [`${what} ${wanted}`] }
          : { tone: 'risk', lines: [`! ${what}: ${safe(event.text)}`] },
      ];
    }
    default:
      return [];
  }
}

/** What those to whom something was offered have said or got since. */
function answers(
  known: Heard | undefined,
  now: TransferInfo,
  nameOf: (person: Person) => string,
): readonly News[] {
  if (!known || !now.mine || now.shared) return [];
  const before = new Map(known.receivers.map(({ peer, answer }) => [peer.id, answer]));
  return now.receivers
    .filter(({ peer, answer }) => answer !== before.get(peer.id))
    .flatMap(({ peer, answer, code }): News[] => {
      const who = nameOf(peer);
      const what = whatOf(now);
      switch (answer) {
        case 'done':
          return [{ tone: 'done', lines: [`✓ ${who} has ${what}, ${size(now.total)}`] }];
        case 'declined':
          return [{ tone: 'dim', lines: [`${who} declined ${what}`] }];
        case 'cancelled':
          return [{ tone: 'dim', lines: [`${who} stopped taking ${what}`] }];
        case 'failed':
          return [{ tone: 'risk', lines: [`! ${who} did not get ${what}${why(code)}`] }];
        default:
          return [];
      }
    });
}

const why = (code: string | null): string => (code ? `: ${ERRORS[code as ErrorCode] ?? safe(code)}` : '');

/** What is here now, how fast it came, and where it lies. */
function arrived(
  known: Heard | undefined,
  { paths, bytes, reused, time }: Extract<ApiEvent, { type: 'transfer-done' }>,
): readonly News[] {
  if (paths.length === 0) return [];
  const seconds = known?.startedAt === undefined ? 0 : (Date.parse(time) - known.startedAt) / 1000;
  const places = paths.slice(0, PLACES).map((place) => `  ${safe(toHome(place))}`);
  if (paths.length > PLACES) places.push(`  and ${paths.length - PLACES} more beside them`);
  const what = known ? `${whatOf(known)}, ` : '';
  const here = reused > 0 ? [`  ${reusedWords({ reused })}`] : [];
  return [
    {
      tone: 'done',
      lines: [`✓ ${what}${speedWords(bytes, seconds, reused)}, every byte checked`, ...here, ...places],
    },
  ];
}
