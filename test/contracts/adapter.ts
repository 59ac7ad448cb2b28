import type { Database } from '#libs/persistence'

/** One adapter of a port, opened for each test. A suite takes the function that opens it. */
export interface Adapter {
  database: Database
  close(): Promise<void>
}

export type StoreAdapter<S> = Adapter & { store: S }
