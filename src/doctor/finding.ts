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
  /** What mends it, with the command in backticks; null where nothing is to be mended. */
  mend: z.string().nullable(),
});
export type Finding = z.output<typeof Finding>;
export type Check = Finding['check'];
