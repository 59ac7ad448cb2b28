import type { Envelope, RosterStep } from '#libs/contracts'
import { isLoopback } from '../api/loopback.js'
import { chainSince, MAX_ROSTER_BYTES, PinnedRosters, rosterRefusal, type RosterSource, unreadableRoster } from '../trust/pinned-rosters.js'
import { getJson, type PageFetch } from './page-fetch.js'

const REQUIRED = { how: 'pass the roster to openBridge', next: ['hms-svc roster show --json > roster.json'] }

/** Opens the rosters that a page trusts, which are not stored. Throws `HMS_ROSTER_REQUIRED`, `HMS_ROSTER_UNREADABLE` or a refusal. */
export async function openPageRosters(
  fetch: PageFetch,
  url: string,
  roster: string | Uint8Array | object | undefined,
  token: string | undefined,
): Promise<PinnedRosters> {
  const steps = async (query = ''): Promise<Envelope[]> => {
    const answer = await getJson(fetch, new URL(`/v1/roster${query}`, url).href, token, MAX_ROSTER_BYTES)
    return Array.isArray(answer) ? (answer as RosterStep[]).map((step) => step?.envelope) : []
  }
  const source: RosterSource = {
    name: url,
    after: ({ version }) => chainSince(version, (since) => steps(`?since=${since}`)),
    ...(isLoopback(url) ? { first: async () => (await steps()).at(-1) } : {}),
  }
  try {
    return roster === undefined ? await PinnedRosters.atFirstUse(source, REQUIRED) : PinnedRosters.of('pinned', [parse(roster)], source)
  } catch (error) {
    throw rosterRefusal(error)
  }
}

function parse(roster: string | Uint8Array | object): unknown {
  try {
    if (roster instanceof Uint8Array) return JSON.parse(new TextDecoder().decode(roster))
    return typeof roster === 'string' ? JSON.parse(roster) : roster
  } catch (error) {
    throw unreadableRoster('The roster given', error)
  }
}
