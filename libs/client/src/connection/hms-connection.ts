import { HmsError, readingProblem, type Json, type JsonObject } from '#libs/contracts'
import type { HeldDocument, PolicyValue } from '#libs/evaluation'
import type { TrustKind } from '../trust/pinned-rosters.js'

export const CONNECTION_STATES = ['READY', 'STALE', 'ERROR', 'CLOSED'] as const

/**
 * State of a connection; values stay readable in each state. `READY`: in contact, and the copy is complete. `STALE`: no frame for 5 s,
 * disconnected, or in doubt. A reader is in doubt if a document was refused, or if rollout's freshness statement on all stable heads is
 * missing, expired, or names other heads. `ERROR`: the server refuses this reader, for example because its key was revoked; an operator has
 * to act. `CLOSED`: `close` was called.
 */
export type ConnectionState = (typeof CONNECTION_STATES)[number]

/**
 * Source of a value. `live`: the server, in state READY. `cache`: the copy in memory, in any other state. `disk`: the disk copy of an
 * earlier process. `default`: the caller's default, because no version is in force.
 */
export type ValueSource = 'live' | 'cache' | 'disk' | 'default'

/** Value with its provenance. `V` includes the type of the caller's default. */
export interface Explanation<V = PolicyValue> {
  value: V
  /** Version of the policy; empty for a default. */
  version: string
  revision: number
  source: ValueSource
  /** Milliseconds since the server last confirmed the value; for a disk copy, confirmed it to the earlier process. */
  ageMs: number
  state: ConnectionState
  /** Whether the operator pinned the roster, or the reader pinned the roster of a loopback address on first use. */
  trust: TrustKind
  /** Scope of the head in force: `global`, or the scope of a canary. Empty for a default. */
  scope: string
  /** Code of the doubt in state `STALE`, as in event `stale`. For a default: the code of why there is no value. */
  code?: string
}

export interface ReadyOptions {
  /** Timeout in ms. Default 5 s. */
  timeoutMs?: number
}

export interface ConnectionEvents {
  /** Version before and after the change; `null` if none was or is in force. Equal versions mean another release of the same version. */
  change: { id: string; from: string | null; to: string | null; revision: number }
  /** `code` is set if the reader is in doubt (`HMS_FRESHNESS_…`, `HMS_ROSTER_EXPIRED`, or a refused document's code), or is refused. */
  stale: { reason: string; code?: string }
  ready: { revision: number }
  /** A refusal (an `HmsError` with its code) or a failure. The last good copy stays in force. */
  error: Error
}

export interface AlertInput {
  kind: string
  value: number | string | null
  /** Facts that caused the alert; `null` if there are none. */
  reading?: { [fact: string]: Json | undefined } | null
  /** Id by which the server deduplicates alerts. Default: a random id. */
  id?: string
  policy?: string
  version?: string
}

export interface HmsConnection {
  readonly state: ConnectionState
  /** Revision of the newest applied frame. It also advances without a `change` event. */
  readonly revision: number
  /** Resolves with the state once it is `READY`, or at the timeout. Values are readable in any state. */
  ready(options?: ReadyOptions): Promise<ConnectionState>
  /**
   * Returns a policy synchronously, without I/O. If no version is in force for this reader, returns `fallback`; without a fallback, throws
   * the refusal of the policy's document, or `HMS_POLICY_NOT_FOUND` (404).
   */
  get<D = PolicyValue>(id: string, fallback?: D): PolicyValue | D
  /** Same as `get`, with the source and age of the value. */
  explain<D = PolicyValue>(id: string, fallback?: D): Explanation<PolicyValue | D>
  /** Returns the ids of all policies in force for this reader, sorted. */
  ids(): string[]
  /** Adds a listener; returns a function that removes it. */
  on<E extends keyof ConnectionEvents>(event: E, listener: (data: ConnectionEvents[E]) => void): () => void
  /** Reports an alert; resolves once it is accepted. Rejects with `HMS_ALERT_BOT_REQUIRED` (400) without a bot. */
  alert(alert: AlertInput): Promise<void>
  close(): Promise<void>
}

/** All verified documents, for programs that evaluate for other readers, such as the side-car. */
export interface HeldDocumentSource {
  policies(): string[]
  of(id: string): HeldDocument[]
  /** The reader's time in epoch milliseconds. */
  nowMs(): number
  /** Calls `listener` after documents were applied or time changed a value; returns a function that removes it. */
  onChange(listener: () => void): () => void
}

/** Throws `HMS_ALERT_READING` (400) for a reading that the server would reject. */
export function requireReading(reading: JsonObject | null): void {
  const problem = readingProblem(reading)
  if (problem === undefined) return
  const detail = `${problem}; tell only the facts that the alert was raised on`
  throw new HmsError('HMS_ALERT_READING', detail, { status: 400, next: ['hms-svc alert --help'] })
}

export type { PolicyValue }
