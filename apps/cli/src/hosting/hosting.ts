import type { CliIo } from '../io.js'
import type { Output } from '../output/output.js'

/** What every hosting verb gets; its function resolves with the exit code once nothing runs any more. */
export interface HostOptions {
  output: Output
}

export interface DevOptions extends HostOptions {
  port: number
  dataDir: string
  /** Empty the data folder first. */
  reset: boolean
}

export interface DemoOptions extends HostOptions {
  port: number
  dataDir: string
  /** End with the run's exit code instead of serving until Ctrl-C. */
  once: boolean
  /** How long the canary is watched; the demo's own choice when undefined. */
  observeMs?: number
  runCli(argv: readonly string[], io: CliIo): Promise<number>
}

export interface ServeOptions extends HostOptions {
  all: boolean
}

export interface SidecarOptions extends HostOptions {
  /** Address of the services, where the command line names one. */
  url?: string
  /** The policies to hold, likewise. */
  policies?: readonly string[]
  /** Where to answer, likewise. */
  place?: { port: number } | { socket: string }
  timeoutMs?: number
  /** Files that follow a template. */
  write: readonly { template: string; file: string }[]
}

export type MigrateOptions = HostOptions

export interface RecoverOptions extends HostOptions {
  /** By how much, as it was written. */
  ahead: string
  /** Of the embedded database, where the command line names one. */
  dataDir?: string
}

export interface RepublishOptions extends HostOptions {
  /** RFC 3339, or how long ago: `2h`. */
  since: string
}

export type TopicsVerb = 'apply' | 'diff'
export type TopicsOptions = HostOptions
