import type { Seen } from '#libs/signing'

export interface Remembered extends Seen {
  /** The checkpoint as the log signed it; without the witness's own signature, which follows. */
  note?: string
}

/** What a witness remembers of each log. Twins: a file, and memory. */
export interface SeenStore {
  /** The newest checkpoint of a log that was signed; `undefined` before the first. */
  get(origin: string): Promise<Remembered | undefined>
  /** Resolved: it survives a power cut. Only then may the signature leave. */
  set(origin: string, seen: Remembered): Promise<void>
}
