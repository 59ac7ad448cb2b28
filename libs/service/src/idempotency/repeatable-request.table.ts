import { columns, documentTable } from '#libs/persistence'

/** A request with an `Idempotency-Key`, and its response. */
export interface RepeatableRequest {
  /** Digest of caller, path and key. */
  id: string
  /** The caller; empty if the route needs no authorization. */
  caller: string
  /** SHA-256 of the body. */
  body: string
  /** Id of the active attempt. Another attempt may take over after `leaseUntil`: the process of the first has died by then. */
  claim: string
  leaseUntil: string
  /** Set after a successful response. `json` is the body as text; `null` for an empty body. */
  answer?: { status: number; json: string | null }
  expiresAt: string
}

export const REPEATABLE_REQUESTS = documentTable<RepeatableRequest>({
  name: 'repeatable_request',
  id: (request) => request.id,
  keys: columns({ caller: 'text', expiresAt: 'timestamptz' }),
  indexes: [['caller', 'expires_at'], ['expires_at']],
  keep: { for: 'repeats' },
})
