import type { ReleaseRef } from '#libs/signing'
import { newestApproved, type Stable } from './stable.table.js'

/**
 * Returns why an order that people signed is no longer valid: it was overtaken, or executed before, by its epoch and by what it replaces.
 * `seen`: release in force when they signed.
 */
export function movedOn(
  stable: Stable,
  releaseEpoch: number,
  seen: ReleaseRef | null | undefined,
): { reason: 'LIVE_MOVED'; detail: string } | undefined {
  const follows = (seen?.digest ?? null) === (stable.current?.releaseDigest ?? null)
  const isNewer = releaseEpoch > (newestApproved(stable)?.releaseEpoch ?? 0)
  if (follows && isNewer) return undefined
  return { reason: 'LIVE_MOVED', detail: `${stable.policy} moved to ${stable.current?.version ?? 'nothing'} after people signed` }
}
