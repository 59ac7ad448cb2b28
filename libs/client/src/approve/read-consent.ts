import { consentOf, type Consent, type SignedRelease } from '#libs/policy'
import type { ReleasePredicate } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'
import { systemClock, type Clock } from '../clock.js'
import { readLive, unverified } from '../live/read-live.js'
import { openRosters } from '../trust/open-rosters.js'
import { httpRosters } from '../trust/roster-source.js'

export interface ConsentTrust {
  /** As in `connect`: path or bytes; default: the roster of a loopback address. */
  roster?: string | Uint8Array
  cacheDir?: string
  clock?: Clock
}

const FIRST_ROSTER_MS = 5_000

/**
 * Returns the effect of signing these releases, to be read before signing: see `consentOf`. The releases in force are read from
 * config-store and verified here; if that fails, the consent reports it instead of the difference.
 */
export async function readConsent(api: ApiClient, predicates: readonly ReleasePredicate[], trust: ConsentTrust = {}): Promise<Consent> {
  const ids = predicates.map(({ policy }) => policy.id)
  const live = await readVerified(api, ids, trust).catch((error: unknown) => unverified(ids, error))
  return consentOf(predicates as unknown as readonly SignedRelease[], live)
}

async function readVerified(
  api: ApiClient,
  ids: readonly string[],
  { roster, cacheDir, clock = systemClock }: ConsentTrust,
): ReturnType<typeof readLive> {
  const until = clock.elapsed() + FIRST_ROSTER_MS
  const rosters = await openRosters({ pinned: roster, source: httpRosters(api), cacheDir, clock, until })
  // If there is no valid newer roster, the last good one is used.
  await rosters.follow().catch(() => undefined)
  const snapshot = (asked: readonly string[]): Promise<unknown> => api.get('/v1/snapshot', { revision: 0, policies: asked.join() })
  return readLive(ids, { rosters, snapshot, clock })
}
