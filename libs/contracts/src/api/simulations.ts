import type { SimulationImpact } from './simulation-impact.js'

/** A policy in force that a run does not change, as of the replay; `digest` is the policy digest. */
export interface PolicyBeside {
  policy: string
  version: string
  digest: string
}

/** Result that a run of these policies would get in its simulation, based on the current registrations. */
export interface Trial {
  /** `INCONCLUSIVE` without evidence, in every profile: such a run pauses in production, and continues with profile dev. */
  verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE'
  reason?: string
  /** Detail in parentheses of the run's line. */
  detail: string
  /** Commands that would change the verdict. */
  next: string[]
  /** `null` if the replay gave no report. `bots`: ids by class, such as STALE. */
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
  /** Digest of the canonical form of the whole report, as in a run. */
  reportDigest: string | null
  /** Impact of the change, part of the report; `null` if the replay gave no report. */
  impact: SimulationImpact | null
  /** Other policies that bots declare and scenarios name, part of the report; absent if there are none. */
  beside?: PolicyBeside[]
}

/** Progress of a replay, counted in programs: bots with the same text are one, per scenario. */
export interface ReplayProgress {
  done: number
  total: number
}

/** Response of `GET /v1/simulations/{run}`: the newest attempt. Clients read only the parts of the report that they show. */
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
