import type { Envelope } from './envelope.js'

/** Causes that put a stable head in force. */
export const CHANGE_CAUSES = ['run', 'rollback', 'withdrawal', 'break-glass'] as const
export type ChangeCause = (typeof CHANGE_CAUSES)[number]

/** Maximum characters of an internal or public reason. */
export const MAX_REASON = 1_000

/** Author and reason of a change of the release in force. Internal: partners get only `publicReason`. */
export interface Change {
  cause: ChangeCause
  /** Names of the signers, of the requesting key, or of the service that acted by itself. */
  by: string[]
  reason: string | null
  publicReason?: string
  /** Signed statements of the people; empty for a key or a service. */
  statements: SignedStatement[]
}

/** A person's statement as signed. */
export interface SignedStatement {
  envelope: Envelope
  /** Body of a signed HTTP request, whose digest the statement contains. */
  body?: string
}

/** A change as shown in the history. */
export interface ChangeView {
  cause: ChangeCause
  by: string[]
  /** `null` if none was given, or an earlier build did not store it. */
  reason: string | null
  publicReason?: string
}

/** Returns the change for readers outside the agency: the internal reason never leaves it. */
export function withoutInternalReason<T extends { reason?: string | null }>(change: T): T {
  return { ...change, reason: null }
}

/** Returns the reason for signing: a single one unchanged, several with their names. */
export function reasonOf(given: readonly { name: string; reason: string }[]): string | null {
  const reasons = new Set(given.map(({ reason }) => reason))
  if (reasons.size <= 1) return [...reasons][0] ?? null
  return given.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
}
