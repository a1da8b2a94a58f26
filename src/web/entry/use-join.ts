import { useState } from 'react';
import type { Params } from '../../daemon/api.js';
import { RequestError } from '../node/node-connection.js';
import { useStore } from '../state/use-page.js';

/** What a person must say before a room can be joined. */
export type Question = { type: 'reach' | 'taken' | 'passphrase'; request: Params<'join'> };

export interface Joining {
  busy: boolean;
  failure: string | null;
  question: Question | null;
  join: (request: Params<'join'>) => Promise<boolean>;
  createPrivate: (label: string) => Promise<boolean>;
  /** Puts the question away: the room is not joined. */
  dismiss: () => void;
}

/** Joining a room, with the questions that it may raise. */
export function useJoin(): Joining {
  const store = useStore();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);

  const attempt = async (fn: () => Promise<unknown>, request: Params<'join'> | null): Promise<boolean> => {
    setBusy(true);
    setFailure(null);
    setQuestion(null);
    try {
      await fn();
      return true;
    } catch (err) {
      const { code, message } = err as RequestError;
      const type = err instanceof RequestError ? QUESTIONS[code] : undefined;
      if (type && request) setQuestion({ type, request });
      else setFailure(message);
      return false;
    } finally {
      setBusy(false);
    }
  };

  return {
    busy,
    failure,
    question,
    join: (request) => attempt(() => store.join({ asksReach: true, ...request }), request),
    createPrivate: (label) =>
      attempt(async () => {
        const { roomId } = await store.request('create', { label });
        await store.join({ room: roomId });
      }, null),
    dismiss: () => setQuestion(null),
  };
}

const QUESTIONS: { [code: string]: Question['type'] } = {
  REACH_NEEDED: 'reach',
  ROOM_NAME_TAKEN: 'taken',
  PASSPHRASE_NEEDED: 'passphrase',
};
