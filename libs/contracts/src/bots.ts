import type { JsonObject } from './canonical-json.js'

/** Connected bots of a scope, and their distribution over the requested share. */
export interface Audience {
  /** Connected, named bots in the scope. */
  connected: number
  /** Connected bots of the scope whose bucket is below the share. */
  cohort: number
  /** Smallest bucket of the connected bots (0 to 9,999); `null` if none is connected. */
  smallestBucket: number | null
}

/**
 * Period in ms in which config-store reports coverage and stages wait for bots; starts when a head is stored or its `next` takes effect, so
 * a canary restarts it by renewing heads. With no limit, each bot that connects or disconnects would cost one signed event per policy.
 */
export const COVERAGE_REPORT_MS = 10 * 60 * 1000

/** Coverage of all policies of a run. Soft state: published on change, at most four times a second. */
export interface ReportedCoverage {
  /** Run that issued the heads; `null` for heads without a run. */
  ofRun: number | null
  reports: CoverageReport[]
}

/** Coverage of one policy: connected bots by scope, and how many of them acknowledged. */
export interface CoverageReport {
  policy: string
  revision: number
  scopes: ScopeCoverage[]
}

export interface ScopeCoverage {
  scope: string
  seq: number
  release: string | null
  /** Connected, named bots that should run `release`, and how many acknowledged it. */
  expected: number
  acknowledged: number
  /** Names of bots that have not acknowledged, at most `MAX_SILENT`. */
  silent: string[]
  /** Connection times (RFC 3339) of silent bots, newest first, at most `MAX_SILENT`; absent if none, and in reports of earlier builds. */
  joined?: string[]
  /** Canary only: connected, named bots of the scope that no head of this canary serves (control group). */
  control?: number
}

export const MAX_SILENT = 20

export interface BotAlert {
  id: string
  bot: string
  region: string
  kind: string
  reading: JsonObject | null
  value: number | string | null
  policy?: string
  version?: string
}
