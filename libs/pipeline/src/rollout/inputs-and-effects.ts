import type { AcceptedDecision, CoverageReport, FreezeNotice, PublishedHead, ReleaseDocument } from '#libs/contracts'
import type { CommonEffect, CommonInput } from '../stage/decision.js'

export const ROLLOUT_TIMERS = ['publish', 'acknowledge', 'begin', 'bake'] as const
export type RolloutTimer = (typeof ROLLOUT_TIMERS)[number]

type StableReleases = Readonly<Record<string, Pick<ReleaseDocument, 'releaseDigest' | 'version'> | null>>

/** Inputs of a rollout. `stable`: live release per policy as known to this service. `frozen`: active freeze of any scope. */
export type RolloutInput =
  | CommonInput<RolloutTimer>
  | { type: 'opened'; stable: StableReleases; frozen: FreezeNotice | null }
  | { type: 'freezeChanged'; stable: StableReleases; frozen: FreezeNotice | null }
  /** config-store stored heads, usually all of the run at once. */
  | { type: 'published'; heads: readonly PublishedHead[] }
  /** config-store reported changed numbers of expected and acknowledging bots. */
  | { type: 'covered'; reports: readonly CoverageReport[] }
  /** After the canary had passed, its cohort raised alerts that the new policy does not explain. */
  | { type: 'alarmed'; attempt: number; reason: string; detail: string }
  /** A rollback, withdrawal or break-glass changes the live releases of these policies of the run. */
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
  /** Signs stable heads that make the run's releases live (`advance`), or signs them again with a higher `seq` (`renew`). */
  | { do: 'issueHeads'; how: 'advance' | 'renew' }
  /** Signs heads that reinstate earlier releases; publishes the reversal of a published promotion. `decision`: set if it ended the run. */
  | { do: 'takeBack'; detail: string; decision?: AcceptedDecision }
  /** Ends other rollouts of the same policies. Their releases are replaced instead of rolled back. */
  | { do: 'overtake' }
  /** Rolls back the run's live releases, except those of the policies in `moved`. */
  | { do: 'giveUpRest'; moved: readonly string[] }
  /** Releases the policies that the run has reserved, so that another rollout can start. */
  | { do: 'freePolicies' }

export interface RolloutContext {
  now: Date
  /** Time in ms that config-store has to store heads. */
  publishMs: number
  acknowledgeMs: number
  /** Shortest bake in ms that the roster permits; default 0. */
  leastBakeMs?: number
}
