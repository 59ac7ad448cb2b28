/** Who holds a folder, as far as it could be asked. */
export type Holder = { pid?: number; purpose?: string }

/** A claim either holds the lock or names the holder. */
export type Claim = { release(): Promise<void> } | { heldBy: Holder }
