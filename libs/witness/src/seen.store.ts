import type { Seen } from '#libs/signing'

/** What a witness remembers of each log. Twins: a file, and memory. */
export interface SeenStore {
  /** The newest checkpoint of a log that was signed; `undefined` before the first. */
  get(origin: string): Promise<Seen | undefined>
  /** Resolved: it survives a power cut. Only then may the signature leave. */
  set(origin: string, seen: Seen): Promise<void>
}
