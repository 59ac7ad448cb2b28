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
 * Inputs of a canary. `isProven`: the transparency log contains the approval of every release, or the roster names no log. `frozen`: the
 * freeze currently active in the canary's scope, whether or not it was reported before. `behind`: the run that currently has its region;
 * absent if the region is free.
 */
export type CanaryInput =
  | CommonInput<CanaryTimer>
  | { type: 'opened'; dossier: RunDossier; isProven: boolean; frozen: FreezeNotice | null; behind?: RegionHolder | null }
  | { type: 'proven'; dossier: RunDossier; isProven: boolean; frozen: FreezeNotice | null; behind?: RegionHolder | null }
  /** A freeze began, ended, or changed its times. */
  | { type: 'freezeChanged'; frozen: FreezeNotice | null; behind?: RegionHolder | null }
  /** A step has passed; reports whether the scope of the next one is frozen. */
  | { type: 'mayGrow'; frozen: FreezeNotice | null }
  /** A canary that it waits for has released its region. */
  | { type: 'regionFreed'; behind: RegionHolder | null; frozen: FreezeNotice | null }
  /** config-store stored heads at a time (RFC 3339), usually all of the run at once, and counted the connected bots. */
  | { type: 'published'; heads: readonly PublishedHead[]; at: string }
  /** The numbers of acknowledging bots changed. */
  | { type: 'covered'; reports: readonly CoverageReport[] }
  /** A bot of the cohort alerted. */
  | { type: 'alerted'; alert: CountedAlert }
  /** A connected bot of the scope outside the cohort alerted, and the policy in force there does not explain it. */
  | { type: 'controlAlerted'; alert: Omit<WatchedAlert, 'arm'> }
  /** The metrics of the plan were queried. */
  | { type: 'measured'; samples: readonly MetricSample[] }
  /** The stable heads took over. */
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
   * Signs canary heads under new numbers, including those of earlier steps, valid until `leaseUntil`. `policies` limits it to these
   * policies of this step. `fast` also sends them directly to the stores.
   */
  | { do: 'issueHeads'; fast: boolean; policies?: readonly string[] }
  /** Signs heads that end the canary for its readers. */
  | { do: 'takeBack' }
  /** Attests the verdict and publishes it with the dossier. */
  | { do: 'pass'; basis: PassBasis; summary: string }
  | { do: 'fail'; reason: string; detail: string }
  /** Notifies the canaries that wait for its regions. */
  | { do: 'freeRegions' }

export interface CanaryContext {
  now: Date
  /** Time that the cohort has to acknowledge, ms. */
  acknowledgeMs: number
  /** Validity of a head without renewal, ms. */
  leaseMs: number
  /** Whether a canary without participating bots pauses. */
  evidence: 'required' | 'optional'
  /** Interval between two metric checks, ms. */
  measureMs: number
  /** Counting rules of the statistics. */
  rules: WatchRules
}
