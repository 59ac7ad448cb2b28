import type { Envelope } from '../envelope.js'
import type { ToldPolicy } from './deliveries.js'
import type { AlertLoad, GroupImpact, ScenarioImpact, SimulationImpact } from './simulation-impact.js'

/** A policy outside the run, as in force during the replay. */
export interface PolicyBeside extends ToldPolicy {}

/** Result of a trial simulation: the verdict that a run of these policies would get with the current registrations. */
export interface Trial {
  /** `INCONCLUSIVE` without evidence, in every profile. A run without evidence pauses in production and continues in profile dev. */
  verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE'
  reason?: string
  /** Detail that `runs show` would print in parentheses. */
  detail: string
  /** Commands that would change the verdict. */
  next: string[]
  /** `null` without a report of the replay. `bots`: sorted ids by class, such as STALE; empty classes are omitted. */
  score: {
    adapted: number
    applicable: number
    /** `adapted / applicable` in per cent, truncated to one decimal: 1999 of 2000 is `99.9`, never `100.0`. */
    percent: string
    /** Number of recorded inputs whose verdict the change flips; `boundary` counts synthesised inputs. */
    discriminating: number
    boundary: number
    firstVersion: boolean
    bots: Partial<Record<string, string[]>>
  } | null
  skipped: { scenario: string; why: string; next: string | null }[]
  /** Digest of the canonical form of the whole report, as in a run. */
  reportDigest: string | null
  /** Impact of the change, part of the report; `null` without a report of the replay. */
  impact: SimulationImpact | null
  /** Policies outside the run that bots declare or scenarios name; part of the report. Absent if there are none. */
  beside?: PolicyBeside[]
  /** Signed by simulator: digests of these policies, those in force and the corpora, and counts of `impact`. Absent without a report. */
  statement?: Envelope
  /** Sites of the scenario with the most readings whose readings have numeric `lat` and `lon`. At most 200; absent if there are none. */
  places?: SiteLoad[]
  /** Violations by the scenario for other values of one numeric field. Absent if no scenario depends on such a field. */
  whatIf?: WhatIf
}

/**
 * Trial as simulator signs it: policies and corpora by digest, and the violations of each scenario before and after the change. `policies`:
 * those of the request and those given as in force, sorted by id. `live`: digest of the version in force.
 */
export interface TrialStatement {
  policies: { policy: string; version: string; digest: string; live: string | null }[]
  corpora: { corpus: string; digest: string }[]
  reportDigest: string
  scenarios: ScenarioConsequence[]
  /** RFC 3339 time of the trial. */
  at: string
}

/** Counts of one scenario, as in the impact. */
export interface ScenarioConsequence
  extends AlertLoad, Pick<GroupImpact, 'newlyViolating' | 'newlyCompliant'>, Pick<ScenarioImpact, 'scenario' | 'from' | 'to'> {
  corpus: string
  /** As in the impact; absent instead of 0. */
  lost?: number
  unjudged?: number
}

/** Site of recorded readings, in degrees of WGS 84, and its violations before and after the change. `label`: its county or city. */
export interface SiteLoad extends AlertLoad {
  scenario: string
  name: string
  label?: string
  lat: number
  lon: number
}

/** Number of recorded readings in violation of a scenario for each value of one numeric field. Made by simulator and not signed. */
export interface WhatIf {
  scenario: string
  policy: string
  field: string
  /** Values of the field, ascending; at most 256. Contains the proposed value and the one in force. */
  values: number[]
  /** Violations at `values[i]`. */
  violations: number[]
  readings: number
  /** The same by site, at most 200 sites. Empty if readings have no fact `site`. */
  sites: { name: string; violations: number[] }[]
}

/** Progress of a replay, in programs per scenario: bots with the same source are one program. */
export interface ReplayProgress {
  done: number
  total: number
}

/** Response of `GET /v1/simulations/{run}`: the newest attempt. The type has only the parts of the report that clients show. */
export interface SimulationReport {
  run: number
  attempt: number
  state: string
  score: { summary: string; bots: Partial<Record<string, string[]>> } | null
  skipped: Trial['skipped']
  reportDigest: string | null
  /** Set while the responding process runs the replay; otherwise `null`. */
  progress: ReplayProgress | null
  report: { bots: { bot: string; message?: string }[]; impact?: SimulationImpact; beside?: PolicyBeside[] } | null
}
