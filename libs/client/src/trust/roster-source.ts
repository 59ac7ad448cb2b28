import type { Envelope } from '#libs/contracts'
import type { Roster } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'
import { isLoopback } from '../api/loopback.js'

/** Source of rosters. It is not trusted: each step is verified against its predecessor. */
export interface RosterSource {
  /** Address or topic, for messages and for the cache file's name. */
  readonly name: string
  /** Returns the successors of `newest`, oldest first. */
  after(newest: Roster): Promise<Envelope[]>
  /** Returns all its rosters, oldest first. */
  all?(): Promise<Envelope[]>
  /** Returns its newest roster, to be pinned at first use; only defined if no intermediary is possible. */
  first?(): Promise<Envelope | undefined>
}

/** Reads `GET /v1/roster`. The owner of a loopback address owns this machine, so its first roster may be pinned. */
export function httpRosters(api: ApiClient): RosterSource {
  const since = async (version: number) => (await api.get('/v1/roster', { since: version })).map(({ envelope }) => envelope)
  const after = ({ version }: Roster) => since(version)
  const first = async () => (await api.get('/v1/roster')).at(-1)?.envelope
  return { name: api.url, after, all: () => since(0), ...(isLoopback(api.url) ? { first } : {}) }
}
