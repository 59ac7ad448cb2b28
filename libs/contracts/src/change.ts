import type { Envelope } from './envelope.js'

/** What put a stable head in force. */
export const CHANGE_CAUSES = ['run', 'rollback', 'withdrawal', 'break-glass'] as const
export type ChangeCause = (typeof CHANGE_CAUSES)[number]

/** Characters of a reason, internal or public. */
export const MAX_REASON = 1_000

/** Who changed what is in force, and why. Internal: partners get `publicReason` alone. */
export interface Change {
  cause: ChangeCause
  /** Names of the people who signed, of the key that requested it, or of the service that acted by itself. */
  by: string[]
  reason: string | null
  publicReason?: string
  /** What each person signed; empty for a key, and for a service. */
  statements: SignedStatement[]
}

/** A statement of a person as it was signed. */
export interface SignedStatement {
  envelope: Envelope
  /** Of a signed HTTP request: the body, whose digest the statement contains. */
  body?: string
}

/** A change as history shows it. */
export interface ChangeView {
  cause: ChangeCause
  by: string[]
  /** `null`: nobody gave one, or an earlier build did not keep it. */
  reason: string | null
  publicReason?: string
}

/** Why people signed: one reason as it is, several with their names. */
export function reasonOf(given: readonly { name: string; reason: string }[]): string | null {
  const reasons = new Set(given.map(({ reason }) => reason))
  if (reasons.size <= 1) return [...reasons][0] ?? null
  return given.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
}
