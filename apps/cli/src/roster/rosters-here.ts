import type { ApiClient, PinnedRosters } from '#libs/client'
import { HmsError } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { rosterFile } from './pinned-roster.js'

/**
 * Rosters to verify an answer by: that of HMS_ROSTER, else the data folder's, else the first one of a loopback address. `undefined` where
 * there is none. Throws what a named roster, or one that does not verify, is refused with.
 */
export async function openRostersHere(context: CliContext, api: ApiClient): Promise<PinnedRosters | undefined> {
  const { httpRosters, openRosters, systemClock } = await import('#libs/client')
  const pinned = rosterFile(context)
  const cacheDir = context.io.environment.lookup('HMS_CACHE_DIR')
  try {
    return await openRosters({ pinned, source: httpRosters(api), cacheDir, clock: systemClock, until: 0 })
  } catch (error) {
    // 422: what is there is refused.
    if (pinned === undefined && error instanceof HmsError && error.status !== 422) return undefined
    throw error
  }
}

/** Warns on stderr, in every mode, that an answer is what the services say. */
export function noRosterHere({ output }: CliContext): void {
  output.error(`${output.errorPaint.warn('!')} not verified: no roster here. Name it in HMS_ROSTER (hms-svc roster show --json > FILE)`)
}
