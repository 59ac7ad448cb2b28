import type { CliIo } from '../io.js'
import type { Output } from '../output/output.js'

/** Options of every hosting verb; its function resolves to the exit code once everything has stopped. */
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
  /** Observation time of the canary in ms; the demo's own default when undefined. */
  observeMs?: number
  runCli(argv: readonly string[], io: CliIo): Promise<number>
}

export interface ServeOptions extends HostOptions {
  all: boolean
}

export interface SidecarOptions extends HostOptions {
  /** Address of the services from the command line. */
  url?: string
  /** Policies to read from the command line. */
  policies?: readonly string[]
  /** Address to listen on from the command line. */
  place?: { port: number } | { socket: string }
  timeoutMs?: number
  /** Files that follow a template. */
  write: readonly { template: string; file: string }[]
}

export type MigrateOptions = HostOptions

export interface RecoverOptions extends HostOptions {
  /** Number of steps to advance, as written. */
  ahead: string
  /** Data folder of the embedded database from the command line. */
  dataDir?: string
}

export interface RepublishOptions extends HostOptions {
  /** RFC 3339, or how long ago: `2h`. */
  since: string
}

export type TopicsVerb = 'apply' | 'diff'
export type TopicsOptions = HostOptions
