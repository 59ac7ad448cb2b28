import type { AcceptedDecision, CoverageReport, FreezeNotice, PublishedHead, ReleaseDocument } from '#libs/contracts'
import type { CommonEffect, CommonInput } from '../stage/decision.js'

export const ROLLOUT_TIMERS = ['publish', 'acknowledge', 'begin', 'bake'] as const
export type RolloutTimer = (typeof ROLLOUT_TIMERS)[number]

type StableReleases = Readonly<Record<string, Pick<ReleaseDocument, 'releaseDigest' | 'version'> | null>>

/** `stable`: live release per policy, as known to this service. `frozen`: a freeze active anywhere. */
export type RolloutInput =
  | CommonInput<RolloutTimer>
  | { type: 'opened'; stable: StableReleases; frozen: FreezeNotice | null }
  /** A freeze began, ended, or changed its times. */
  | { type: 'freezeChanged'; stable: StableReleases; frozen: FreezeNotice | null }
  /** config-store stored heads, usually all of the run at once. */
  | { type: 'published'; heads: readonly PublishedHead[] }
  /** The numbers of acknowledging bots changed. */
  | { type: 'covered'; reports: readonly CoverageReport[] }
  /** After the canary had passed, its cohort raised alerts that the new policy does not explain. */
  | { type: 'alarmed'; attempt: number; reason: string; detail: string }
  /** A rollback, withdrawal or break-glass moved these policies of this run, or is about to. */
  | { type: 'overtaken'; policies: readonly string[] }

type RolloutEvent =
  | 'hms.rollout.delayed.v1'
  | 'hms.rollout.started.v1'
  | 'hms.rollout.promoted.v1'
  | 'hms.rollout.held.v1'
  | 'hms.rollout.took-effect.v1'
  | 'hms.rollout.bake-started.v1'
  | 'hms.rollout.completed.v1'
  | 'hms.rollout.failed.v1'
  | 'hms.rollout.paused.v1'

export type RolloutEffect =
  | CommonEffect<RolloutEvent, RolloutTimer>
  /** Signs stable heads that make the run's releases live, or renews them under new numbers. */
  | { do: 'issueHeads'; how: 'advance' | 'renew' }
  /**
   * Signs heads that reinstate the releases live before the run, and publishes the reversal to those notified of the promotion. `decision`:
   * the decision, by a person or a newer run, that ended it.
   */
  | { do: 'takeBack'; detail: string; decision?: AcceptedDecision }
  /** Ends the rollouts that have its policies: their releases are replaced, not taken back. */
  | { do: 'overtake' }
  /** Takes back the run's live releases, except for these policies. */
  | { do: 'giveUpRest'; moved: readonly string[] }
  /** Releases the policies for another run. */
  | { do: 'freePolicies' }

export interface RolloutContext {
  now: Date
  /** Time that config-store has to store heads, ms. */
  publishMs: number
  /** Time that connected bots have to acknowledge, ms. */
  acknowledgeMs: number
  /** Shortest bake allowed by the roster, ms; default 0. */
  leastBakeMs?: number
}
