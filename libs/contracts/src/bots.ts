import type { JsonObject } from './canonical-json.js'

/** Connected bots of a scope, and their distribution over the requested share. */
export interface Audience {
  /** Connected, named bots in the scope. */
  connected: number
  /** Those of them below the share. */
  cohort: number
  /** Smallest bucket among `connected`, in basis points; `null` without any. */
  smallestBucket: number | null
}

/**
 * Time in ms after a head, or after the effective time of its held release, during which bots are reported to the stages. Stages wait for
 * bots only then, and a canary keeps renewing its head. Without this bound every bot that connects or disconnects would cost one signed
 * event per policy.
 */
export const COVERAGE_TOLD_MS = 10 * 60 * 1000

/** Soft state: progress of the connected bots. Published on change, at most four times a second, for all policies of a run together. */
export interface ReportedCoverage {
  /** Run of their newest heads. */
  ofRun: number | null
  reports: CoverageReport[]
}

/** Progress of the connected bots with one policy. */
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
  /** Names of silent bots, at most `MAX_SILENT`. */
  silent: string[]
  /** When the last silent bots connected (RFC 3339), newest first, at most `MAX_SILENT`; absent in reports of earlier versions. */
  joined?: string[]
  /** Canary only: connected, named bots of its scope outside its share. */
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
