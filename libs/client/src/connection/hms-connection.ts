import type { PolicyValue } from '#libs/evaluation'
import type { Json } from '#libs/contracts'
import type { TrustKind } from '../trust/pinned-rosters.js'

export const CONNECTION_STATES = ['READY', 'STALE', 'ERROR', 'CLOSED'] as const

/**
 * `READY`: in contact, and the copy is all that is signed. `STALE`: no frame for 5 s, disconnected, or in doubt: something was refused,
 * or rollout's freshness statement on all stable heads is missing, old, or speaks of others. `ERROR`: the server refuses this reader, for
 * instance because its key was revoked; somebody has to do something. `CLOSED`: `close` was called. Values stay as they were in each.
 */
export type ConnectionState = (typeof CONNECTION_STATES)[number]

/**
 * Where a value came from: an open stream, the copy in memory after one, a copy on disk of an earlier process, or, with nothing in force,
 * the caller.
 */
export type ValueSource = 'live' | 'cache' | 'disk' | 'default'

/** `V`: with the type of the default that the caller gave. */
export interface Explanation<V = PolicyValue> {
  value: V
  /** Empty for a default. */
  version: string
  revision: number
  source: ValueSource
  /** Milliseconds since the server, or the writing of the copy on disk, last confirmed the value. */
  ageMs: number
  state: ConnectionState
  /** Whether the roster was named by anyone who runs this, or taken from a loopback address at first use. */
  trust: TrustKind
  /** Scope of the head that put the value in force: `global`, or that of a canary. Empty for a default. */
  scope: string
  /** Why the state is `STALE`, where the reason is one of trust: as in the event `stale`. Of a default: why there is no other value. */
  code?: string
}

export interface ReadyOptions {
  /** How long to wait. Default 5 s. */
  timeoutMs?: number
}

export interface ConnectionEvents {
  /** Versions; `null` where none was or is in force. Equal ones mean another release of the same version. */
  change: { id: string; from: string | null; to: string | null; revision: number }
  /** `code` where the reason is one of trust: `HMS_FRESHNESS_…`, or what a document was refused with. */
  stale: { reason: string; code?: string }
  ready: { revision: number }
  /** What was refused (an `HmsError` with its code) or went wrong. The last good copy stays in force. */
  error: Error
}

export interface AlertInput {
  kind: string
  value: number | string | null
  /** The facts the alert was raised on; `null` when there are none to tell. */
  reading?: { [fact: string]: Json | undefined } | null
  /** The server counts an id once. Default: a random one. */
  id?: string
  policy?: string
  version?: string
}

export interface HmsConnection {
  readonly state: ConnectionState
  /** Of the newest frame applied. It moves on without a `change` when a frame brings nothing for this reader. */
  readonly revision: number
  /** Resolves with the state: once it is `READY`, else what it is when the time is over. Values can be read in any. */
  ready(options?: ReadyOptions): Promise<ConnectionState>
  /**
   * Synchronous, without I/O. When no version is in force for this reader: `fallback`, or without one it throws `HMS_POLICY_NOT_FOUND`
   * (404), or what the policy's document was refused with.
   */
  get<D = PolicyValue>(id: string, fallback?: D): PolicyValue | D
  /** As `get`, with where the value comes from and how old it is. */
  explain<D = PolicyValue>(id: string, fallback?: D): Explanation<PolicyValue | D>
  /** Ids of all policies in force for this reader, sorted. */
  ids(): string[]
  /** Returns a function that takes the listener off again. */
  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void
  /** Resolves when the server has accepted the alert. Needs a named bot: `HMS_ALERT_BOT_REQUIRED` (400) otherwise. */
  alert(alert: AlertInput): Promise<void>
  close(): Promise<void>
}

export type { PolicyValue }
