import type { ReleaseRef } from '#libs/signing'
import { newestApproved, type Stable } from './stable.table.js'

/**
 * Why an order that people signed counts no more: it was overtaken, or carried out before. Its epoch and what it replaces say so. `seen`:
 * what was in force while they signed.
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
