import type { Envelope, RosterStep } from '#libs/contracts'
import type { Roster } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'
import { isLoopback } from '../api/loopback.js'

/** Where rosters come from. Nothing that it says is believed: each step is verified against the one before. */
export interface RosterSource {
  /** Address or topic, for people and for the name of the file that remembers. */
  readonly name: string
  /** What should follow `newest`, oldest first. */
  after(newest: Roster): Promise<Envelope[]>
  /** Every one that it has, oldest first. */
  all?(): Promise<Envelope[]>
  /** The newest it has, to be pinned at first use; only where nobody can sit in between. */
  first?(): Promise<Envelope | undefined>
}

/** `GET /v1/roster`. Anyone who owns a loopback address owns this machine: there the first roster shown may be pinned. */
export function httpRosters(api: ApiClient): RosterSource {
  const since = async (version: number) => (await api.get<RosterStep[]>('/v1/roster', { since: version })).map(({ envelope }) => envelope)
  const after = ({ version }: Roster) => since(version)
  const first = async () => (await api.get<RosterStep[]>('/v1/roster')).at(-1)?.envelope
  return { name: api.url, after, all: () => since(0), ...(isLoopback(api.url) ? { first } : {}) }
}
