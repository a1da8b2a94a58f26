import { z } from 'zod';
import { Finding } from '../doctor/finding.js';

export type { Finding };

/** Requests about the network; a part of `REQUESTS`. */
export const DOCTOR_REQUESTS = {
  /** Says why people are not found. Takes up to ten seconds; whoever asks meanwhile gets the same answer. */
  doctor: {
    params: z.object({
      /** One machine, `host` or `host:port`: also says why this one is not reached. */
      host: z.string().min(1).max(256).optional(),
      /** Also asks every address of this network whether anybody answers: only where a person wants it. */
      sweep: z.boolean().optional(),
    }),
    result: z.object({ findings: z.array(Finding) }),
  },
} as const;
