import type { SimulationImpact } from './simulation-impact.js'

/** A policy outside the run, as in force during the replay. `digest` is the policy digest. */
export interface PolicyBeside {
  policy: string
  version: string
  digest: string
}

/** Result of a trial simulation: the verdict that a run of these policies would get with the current registrations. */
export interface Trial {
  /** `INCONCLUSIVE` without evidence, in every profile. A run without evidence pauses in production and continues in profile dev. */
  verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE'
  reason?: string
  /** Detail that `runs show` would print in parentheses. */
  detail: string
  /** Commands that would change the verdict. */
  next: string[]
  /** `null` without a report of the replay. `bots`: ids by class, such as STALE. */
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
  /** Impact of the change, part of the report; `null` without a report of the replay. */
  impact: SimulationImpact | null
  /** Policies outside the run that bots declare or scenarios name; part of the report. Absent if there are none. */
  beside?: PolicyBeside[]
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
