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
 * `isProven`: the transparency log holds the approval of every release, or the roster names no log. `frozen`: the freeze that holds in the
 * canary's scope by now, whether or not the canary was told of it. `behind`: the run that has its region by now; without it the region is
 * free.
 */
export type CanaryInput =
  | CommonInput<CanaryTimer>
  | { type: 'opened'; dossier: RunDossier; isProven: boolean; frozen: FreezeNotice | null; behind?: RegionHolder | null }
  | { type: 'proven'; dossier: RunDossier; isProven: boolean; frozen: FreezeNotice | null; behind?: RegionHolder | null }
  /** A freeze began, ended, or has other times. */
  | { type: 'freezeChanged'; frozen: FreezeNotice | null; behind?: RegionHolder | null }
  /** A step has passed: whether a freeze holds where the next one is. */
  | { type: 'mayGrow'; frozen: FreezeNotice | null }
  /** A canary that it waits for has let go of its region. */
  | { type: 'regionFreed'; behind: RegionHolder | null; frozen: FreezeNotice | null }
  /** config-store stored heads at a time (RFC 3339), as a rule all of the run at once, and counted the connected bots. */
  | { type: 'published'; heads: readonly PublishedHead[]; at: string }
  /** The numbers of bots that acknowledged changed. */
  | { type: 'covered'; reports: readonly CoverageReport[] }
  /** A bot of the cohort alerted. */
  | { type: 'alerted'; alert: CountedAlert }
  /** A connected bot of the scope outside the cohort alerted, and what is in force there does not explain it. */
  | { type: 'controlAlerted'; alert: Omit<WatchedAlert, 'arm'> }
  /** The metrics of the plan were asked. */
  | { type: 'measured'; samples: readonly MetricSample[] }
  /** The stable heads took over. */
  | { type: 'promoted' }
  /** The rollout is over, its bake included. */
  | { type: 'completed' }

type CanaryEvent =
  | 'hms.canary.delayed.v1'
  | 'hms.canary.started.v1'
  | 'hms.canary.observation-started.v1'
  | 'hms.canary.step-passed.v1'
  | 'hms.canary.paused.v1'
  | 'hms.canary.alarmed.v1'

/** On what a pass rests: bots that were observed, a person's decision, or nothing but the time that went by. */
export type PassBasis = 'observed' | 'promoted' | 'unobserved'

export type CanaryEffect =
  | CommonEffect<CanaryEvent, CanaryTimer>
  /**
   * Signs canary heads under new numbers, those of earlier steps too, valid until `leaseUntil`. `policies`: only these, of this step.
   * `fast`: straight to the stores as well.
   */
  | { do: 'issueHeads'; fast: boolean; policies?: readonly string[] }
  /** Signs heads that end the canary for its readers. */
  | { do: 'takeBack' }
  /** Attests the verdict and sends it with the dossier. */
  | { do: 'pass'; basis: PassBasis; summary: string }
  | { do: 'fail'; reason: string; detail: string }
  /** Tells the canaries that wait for its regions. */
  | { do: 'freeRegions' }

export interface CanaryContext {
  now: Date
  /** How long the cohort may take to acknowledge. */
  acknowledgeMs: number
  /** How long a head lives unless it is renewed. */
  leaseMs: number
  /** Whether a canary that nobody took part in pauses. */
  evidence: 'required' | 'optional'
  /** Time between two looks at the metrics. */
  measureMs: number
  /** How the statistics count. */
  rules: WatchRules
}
