import type { JsonObject } from './canonical-json.js'

/** Bots of a scope that are connected, and how the requested share falls on them. */
export interface Audience {
  /** Connected, named bots that the scope covers. */
  connected: number
  /** Of these, below the share. */
  cohort: number
  /** Smallest bucket among `connected`, in basis points; `null` without any. */
  smallestBucket: number | null
}

/**
 * For how long after a head, or after the time of what it holds, the bots are told to the stages, in ms. Stages wait for bots only then,
 * and a canary renews its head all the time. Without this bound every bot that comes or goes would cost one signed event for each policy.
 */
export const COVERAGE_TOLD_MS = 10 * 60 * 1000

/** Soft state: how far the connected bots are. Sent on change, at most four times a second, for all policies of a run together. */
export interface ReportedCoverage {
  /** Run of their newest heads. */
  ofRun: number | null
  reports: CoverageReport[]
}

/** How far the connected bots are with one policy. */
export interface CoverageReport {
  policy: string
  revision: number
  scopes: ScopeCoverage[]
}

export interface ScopeCoverage {
  scope: string
  seq: number
  release: string | null
  /** Connected, named bots that should run `release`, and how many said they do. */
  expected: number
  acknowledged: number
  /** Names of those that did not, at most `MAX_SILENT` of them. */
  silent: string[]
  /** When the silent bots connected that did last (RFC 3339), newest first, at most `MAX_SILENT`; absent in reports of earlier versions. */
  joined?: string[]
  /** Of a canary: connected, named bots that its scope covers and its share does not. */
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
