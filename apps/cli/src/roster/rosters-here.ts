import type { ApiClient, PinnedRosters } from '#libs/client'
import { HmsError } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { rosterFile } from './pinned-roster.js'

/**
 * Opens the rosters to verify a response by: that of HMS_ROSTER, else the data folder's, else the first one of a loopback address.
 * `undefined` without any. Throws the error of a named roster, or of one that does not verify.
 */
export async function openRostersHere(context: CliContext, api: ApiClient): Promise<PinnedRosters | undefined> {
  const { httpRosters, openRosters, systemClock } = await import('#libs/client')
  const pinned = rosterFile(context)
  const cacheDir = context.io.environment.lookup('HMS_CACHE_DIR')
  try {
    return await openRosters({ pinned, source: httpRosters(api), cacheDir, clock: systemClock, until: 0 })
  } catch (error) {
    // 422: an existing roster is refused.
    if (pinned === undefined && error instanceof HmsError && error.status !== 422) return undefined
    throw error
  }
}

/** Warns on stderr, in every mode, that a response is unverified. */
export function noRosterHere({ output }: CliContext): void {
  output.error(`${output.errorPaint.warn('!')} not verified: no roster here. Name it in HMS_ROSTER (hms-svc roster show --json > FILE)`)
}
