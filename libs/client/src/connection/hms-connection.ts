import { HmsError, readingProblem, type Json, type JsonObject } from '#libs/contracts'
import type { HeldDocument, PolicyValue } from '#libs/evaluation'
import type { TrustKind } from '../trust/pinned-rosters.js'

export const CONNECTION_STATES = ['READY', 'STALE', 'ERROR', 'CLOSED'] as const

/**
 * State of a connection; values are kept in each. `READY`: in contact, and the copy is complete. `STALE`: no frame for 5 s, disconnected,
 * or in doubt: a document was refused, or rollout's freshness statement on all stable heads is missing, expired, or names other heads.
 * `ERROR`: the server refuses this reader, for example because its key was revoked; an operator has to act. `CLOSED`: `close` was called.
 */
export type ConnectionState = (typeof CONNECTION_STATES)[number]

/**
 * Source of a value: an open stream, the memory copy after one, the disk copy of an earlier process, or the caller's default if none is in
 * force.
 */
export type ValueSource = 'live' | 'cache' | 'disk' | 'default'

/** A value with its provenance. `V` has the type of the caller's default. */
export interface Explanation<V = PolicyValue> {
  value: V
  /** Empty for a default. */
  version: string
  revision: number
  source: ValueSource
  /** Milliseconds since the server, or the writing of the disk copy, last confirmed the value. */
  ageMs: number
  state: ConnectionState
  /** Whether the operator pinned the roster, or it was taken from a loopback address at first use. */
  trust: TrustKind
  /** Scope of the head in force: `global`, or that of a canary. Empty for a default. */
  scope: string
  /** Trust reason of state `STALE`, as in event `stale`. For a default: why there is no value. */
  code?: string
}

export interface ReadyOptions {
  /** Timeout. Default 5 s. */
  timeoutMs?: number
}

export interface ConnectionEvents {
  /** Versions; `null` where none was or is in force. Equal versions mean another release of the same version. */
  change: { id: string; from: string | null; to: string | null; revision: number }
  /** `code` is set if the reason is one of trust: `HMS_FRESHNESS_…`, or that of a refused document. */
  stale: { reason: string; code?: string }
  ready: { revision: number }
  /** A refusal (an `HmsError` with its code) or a failure. The last good copy stays in force. */
  error: Error
}

export interface AlertInput {
  kind: string
  value: number | string | null
  /** Facts that raised the alert; `null` if there are none. */
  reading?: { [fact: string]: Json | undefined } | null
  /** Id for deduplication by the server. Default: a random one. */
  id?: string
  policy?: string
  version?: string
}

export interface HmsConnection {
  readonly state: ConnectionState
  /** Revision of the newest applied frame. It also advances without a `change`, when a frame has nothing for this reader. */
  readonly revision: number
  /** Resolves with the state: once it is `READY`, else with the current one at the timeout. Values are readable in any state. */
  ready(options?: ReadyOptions): Promise<ConnectionState>
  /**
   * Returns a policy; synchronous, without I/O. If no version is in force for this reader: returns `fallback`, or without one throws
   * `HMS_POLICY_NOT_FOUND` (404), or the refusal of the policy's document.
   */
  get<D = PolicyValue>(id: string, fallback?: D): PolicyValue | D
  /** As `get`, with the source and age of the value. */
  explain<D = PolicyValue>(id: string, fallback?: D): Explanation<PolicyValue | D>
  /** Returns the ids of all policies in force for this reader, sorted. */
  ids(): string[]
  /** Adds a listener; returns a function that removes it. */
  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void
  /** Reports an alert; resolves when the server has accepted it. Needs a named bot: `HMS_ALERT_BOT_REQUIRED` (400) otherwise. */
  alert(alert: AlertInput): Promise<void>
  close(): Promise<void>
}

/** All verified documents, for any reader; used by programs that evaluate for others, such as the side-car. */
export interface HeldDocumentSource {
  policies(): string[]
  of(id: string): HeldDocument[]
  /** The reader's time in epoch milliseconds. */
  nowMs(): number
  /** Calls `listener` when documents were applied, or an effective time has come; returns a function that removes it. */
  onTaken(listener: () => void): () => void
}

/** Rejects a reading locally by the server's rule, before it is sent. */
export function requireReading(reading: JsonObject | null): void {
  const problem = readingProblem(reading)
  if (problem === undefined) return
  const detail = `${problem}; tell only the facts that the alert was raised on`
  throw new HmsError('HMS_ALERT_READING', detail, { status: 400, next: ['hms-svc alert --help'] })
}

export type { PolicyValue }
