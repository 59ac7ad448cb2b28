import type { Envelope } from './envelope.js'

export const CHANGE_CAUSES = ['run', 'rollback', 'withdrawal', 'break-glass'] as const
export type ChangeCause = (typeof CHANGE_CAUSES)[number]

/** Maximum characters of an internal or public reason. */
export const MAX_REASON = 1_000

/** Author and reason of a change of the release in force. Internal: partners get only `publicReason`. */
export interface Change extends ChangeView {
  /** Signed statements of the people in `by`; empty for a key or a service. */
  statements: SignedStatement[]
}

export interface SignedStatement {
  envelope: Envelope
  /** Body of a signed HTTP request, whose digest the statement contains. */
  body?: string
}

/** A change as shown in the history. */
export interface ChangeView {
  cause: ChangeCause
  /** Names of the signers; otherwise the name of the requesting key, or of the service that acted without a request. */
  by: string[]
  /** Internal reason; `null` if none was given, or if an earlier build did not store it. */
  reason: string | null
  publicReason?: string
}

/** Returns the change without its internal reason, for readers outside the agency. */
export function withoutInternalReason<T extends { reason?: string | null }>(change: T): T {
  return { ...change, reason: null }
}

/** Returns the signers' reasons as one text: a common reason alone, different ones as `NAME: REASON; …`. */
export function reasonOf(given: readonly { name: string; reason: string }[]): string | null {
  const reasons = new Set(given.map(({ reason }) => reason))
  if (reasons.size <= 1) return [...reasons][0] ?? null
  return given.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
}
