import b4a from 'b4a';

/** How one gets into a room: by its name, by name and passphrase, or by an invite link. */
export type Tier = 'open' | 'protected' | 'private';

export const TIER_BYTE: Record<Tier, number> = { open: 1, protected: 2, private: 3 };

export const isTier = (tier: unknown): tier is Tier => Object.hasOwn(TIER_BYTE, String(tier));

/** The `info` of every derivation of a room (PROTOCOL.md [M2]). */
export const info = (label: string, tier: Tier): Uint8Array =>
  b4a.concat([b4a.from(`roomproof/v1/${label}\0`), b4a.from([TIER_BYTE[tier]])]);
