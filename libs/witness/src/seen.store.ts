import type { Seen } from '#libs/signing'

export interface StoredCheckpoint extends Seen {
  /** Checkpoint with the log's signature. The witness's own signature is not stored: it is made for each response. */
  note?: string
}

/** Stores, for each log, the last checkpoint that a witness signed. Adapters: a file, and memory. */
export interface SeenStore {
  /** Returns the last checkpoint of the log that the witness signed; `undefined` before the first. */
  get(origin: string): Promise<StoredCheckpoint | undefined>
  /** Resolves when the checkpoint is durable: it then survives a power cut. Only after that may the signature be sent. */
  set(origin: string, seen: StoredCheckpoint): Promise<void>
}
