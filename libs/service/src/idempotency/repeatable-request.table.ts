import { documentTable } from '#libs/persistence'

/** A request that came with an `Idempotency-Key`, and what it was answered. */
export interface RepeatableRequest {
  /** Digest of caller, path and key. */
  id: string
  /** Who asked; empty where nobody is asked. */
  caller: string
  /** SHA-256 of the body. */
  body: string
  /** Of the one that is at it. Another may take over when `leaseUntil` is past: the first one's process is gone. */
  claim: string
  leaseUntil: string
  /** Present once it was answered well. `json` is the body as text; `null` for none. */
  answer?: { status: number; json: string | null }
  expiresAt: string
}

export const REPEATABLE_REQUESTS = documentTable<RepeatableRequest>({
  name: 'repeatable_request',
  id: (request) => request.id,
  keys: {
    caller: { type: 'text', of: (request) => request.caller },
    expires_at: { type: 'timestamptz', of: (request) => request.expiresAt },
  },
  indexes: [['caller', 'expires_at'], ['expires_at']],
  keep: { for: 'repeats' },
})
