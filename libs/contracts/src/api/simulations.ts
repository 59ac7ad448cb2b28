import type { JsonObject } from '../canonical-json.js'
import type { SimulationImpact } from './simulation-impact.js'

/** A policy in force that a run does not change, as it was during the replay; `digest` is the policy's own. */
export interface PolicyBeside {
  policy: string
  version: string
  digest: string
}

/** `POST /v1/simulations`: policies as a run would carry them, beside what is in force of them. */
export interface TrialRequest {
  policies: JsonObject[]
  live?: JsonObject[]
}

/** What a run of these policies would find in its simulation, of what is registered now. */
export interface Trial {
  /** Without evidence it is `INCONCLUSIVE` in every profile: a run pauses in production, and goes on with profile dev. */
  verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE'
  reason?: string
  /** For the parentheses of the run's line. */
  detail: string
  /** Commands that change it. */
  next: string[]
  /** `null` where the replay gave no report. `bots`: ids by class, such as STALE. */
  score: {
    adapted: number
    applicable: number
    percent: string
    discriminating: number
    boundary: number
    firstVersion: boolean
    bots: Partial<Record<string, string[]>>
  } | null
  skipped: { scenario: string; why: string; next: string | null }[]
  /** Over the canonical form of the whole report, as a run's. */
  reportDigest: string | null
  /** What the change turns; `null` where the replay gave no report. It is part of the report. */
  impact: SimulationImpact | null
  /** What bots declare and scenarios name beside these policies, part of the report too; absent without one. */
  beside?: PolicyBeside[]
}

/** How far a replay is, counted in programs: bots of the same text are one, for each scenario. */
export interface ReplayProgress {
  done: number
  total: number
}

/** `GET /v1/simulations/{run}`: the newest attempt. Clients read of the report what they show. */
export interface SimulationReport {
  run: number
  attempt: number
  state: string
  score: { summary: string; bots: Partial<Record<string, string[]>> } | null
  skipped: Trial['skipped']
  reportDigest: string | null
  /** While the replay is under way in the process that answers; `null` otherwise. */
  progress: ReplayProgress | null
  report: { bots: { bot: string; message?: string }[]; impact?: SimulationImpact; beside?: PolicyBeside[] } | null
}
