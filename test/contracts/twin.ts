import type { Database } from '#libs/persistence'

/** One twin of a port, opened anew for each test: a suite is a function over how to open one. */
export interface Twin {
  database: Database
  close(): Promise<void>
}

export type StoreTwin<S> = Twin & { store: S }
