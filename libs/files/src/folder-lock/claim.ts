/** Holder of a folder lock, as far as it responded. */
export type Holder = { pid?: number; purpose?: string }

/** Result of a claim: the lock, or its current holder. */
export type Claim = { release(): Promise<void> } | { heldBy: Holder }
