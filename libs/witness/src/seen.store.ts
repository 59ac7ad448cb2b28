import type { Seen } from '#libs/signing'

export interface Remembered extends Seen {
  /** Checkpoint as signed by the log, without the witness's own signature, which is made afterwards. */
  note?: string
}

/** Stores the last checkpoint of each log that a witness signed. Adapters: a file, and memory. */
export interface SeenStore {
  /** Returns the newest signed checkpoint of a log; `undefined` before the first. */
  get(origin: string): Promise<Remembered | undefined>
  /** When it resolves, the checkpoint survives a power cut. Only then may the signature be sent. */
  set(origin: string, seen: Remembered): Promise<void>
}
