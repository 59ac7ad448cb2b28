import type { CoverageReport, FreezeNotice, PublishedHead, RunDossier } from '#libs/contracts'
import type { CommonEffect, CommonInput } from '../stage/decision.js'
import type { CountedAlert } from './counted-alert.js'
import type { MetricSample } from './metrics.js'
import type { RegionHolder } from './region-holder.js'
import type { WatchRules } from './canary-watch.js'
import type { WatchedAlert } from './watch.js'

export const CANARY_TIMERS = ['acknowledge', 'observe', 'lease', 'measure', 'grow'] as const
export type CanaryTimer = (typeof CANARY_TIMERS)[number]

/**
 * Inputs of a canary. `isProven`: the transparency log contains all releases' approvals, or the roster names no log. `frozen`: active
 * freeze of the canary's scopes, reported before or not. `behind`: run whose canary has the region; absent or `null` if it is free.
 */
export type CanaryInput =
  | CommonInput<CanaryTimer>
  | { type: 'opened'; dossier: RunDossier; isProven: boolean; frozen: FreezeNotice | null; behind?: RegionHolder | null }
  | { type: 'proven'; dossier: RunDossier; isProven: boolean; frozen: FreezeNotice | null; behind?: RegionHolder | null }
  /** A freeze began, ended, or changed its times. */
  | { type: 'freezeChanged'; frozen: FreezeNotice | null; behind?: RegionHolder | null }
  /** A step has passed, and its canary may start the next step unless `frozen` blocks it. */
  | { type: 'mayGrow'; frozen: FreezeNotice | null }
  | { type: 'regionFreed'; behind: RegionHolder | null; frozen: FreezeNotice | null }
  /** config-store stored heads, usually all of the run at once, and counted the connected bots. `at`: storage time (RFC 3339). */
  | { type: 'published'; heads: readonly PublishedHead[]; at: string }
  /** config-store reported changed numbers of expected and acknowledging bots. */
  | { type: 'covered'; reports: readonly CoverageReport[] }
  | { type: 'alerted'; alert: CountedAlert }
  /** A connected bot of the control group raised an alert that its policy in force does not explain. */
  | { type: 'controlAlerted'; alert: Omit<WatchedAlert, 'arm'> }
  | { type: 'measured'; samples: readonly MetricSample[] }
  /** Stable heads with the releases were issued. */
  | { type: 'promoted' }
  /** The rollout ended, including its bake. */
  | { type: 'completed' }

type CanaryEvent =
  | 'hms.canary.delayed.v1'
  | 'hms.canary.started.v1'
  | 'hms.canary.observation-started.v1'
  | 'hms.canary.step-passed.v1'
  | 'hms.canary.paused.v1'
  | 'hms.canary.alarmed.v1'

/** Basis of a pass: observed bots, a person's decision, or only elapsed time. */
export type PassBasis = 'observed' | 'promoted' | 'unobserved'

export type CanaryEffect =
  | CommonEffect<CanaryEvent, CanaryTimer>
  /**
   * Signs canary heads with new `seq`, including heads of earlier steps, valid until `leaseUntil`. `policies`: only the current step's
   * heads of these policies. `fast`: also posts them directly to the config-stores.
   */
  | { do: 'issueHeads'; fast: boolean; policies?: readonly string[] }
  /** Signs heads that return the cohort to the base. */
  | { do: 'takeBack' }
  /** Attests the verdict and publishes it with the dossier. */
  | { do: 'pass'; basis: PassBasis; summary: string }
  | { do: 'fail'; reason: string; detail: string }
  /** Notifies canaries that wait for this canary's regions. */
  | { do: 'freeRegions' }

export interface CanaryContext {
  now: Date
  /** Time in ms that the cohort has to acknowledge. */
  acknowledgeMs: number
  /** Validity of a head in ms without renewal. */
  leaseMs: number
  /** `required`: a canary without evidence pauses; `optional`: it passes as unobserved. */
  evidence: 'required' | 'optional'
  /** Interval between two metric checks, ms. */
  measureMs: number
  rules: WatchRules
}
