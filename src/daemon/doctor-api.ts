import { z } from 'zod';

/** What is known of one thing that decides whether people are found. */
export const Finding = z.object({
  check: z.enum([
    'room',
    'interfaces',
    'multicast',
    'neighbours',
    'port',
    'isolation',
    'address',
    'vpn',
    'dht',
    'nat',
    'host',
  ]),
  /** False: this keeps people from being found. Null: it cannot be known from here, or is only worth knowing. */
  ok: z.boolean().nullable(),
  /** One plain sentence. */
  finding: z.string(),
  /** What mends it, with the command in backticks. */
  mend: z.string().nullable(),
});
export type Finding = z.output<typeof Finding>;

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
