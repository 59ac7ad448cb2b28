/** States of a dead letter. `waiting`: for a person's decision. `ignored`: a foreign record. A person closed it in the other states. */
export const DEAD_LETTER_STATES = ['waiting', 'ignored', 'replayed', 'discarded'] as const
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number]

/** Output of `dlq list --json`: a message that a service dead-lettered. */
export interface DeadLetterSummary {
  id: string
  service: string
  topic: string
  /** `partition:offset` in the topic. */
  position: string
  key: string | null
  code: string
  detail: string
  run: number | null
  tries: number
  state: DeadLetterState
  at: string
  closed: { at: string; by: string; reason: string } | null
}

/** Output of `dlq show --json`: the summary with the original content. */
export interface DeadLetterView extends DeadLetterSummary {
  /** Original text, exact unless `raw` is present; only its beginning if `cutFrom` gives the full size in bytes. */
  value: string | null
  headers: Record<string, string>
  /** Original content in base64, if it is not text. */
  raw: { key: string | null; value: string | null; headers: [name: string, value: string][] } | null
  cutFrom: number | null
}

/** Body of `POST /v1/dead-letters/{service}/{id}/discard`. */
export interface DiscardRequest {
  reason: string
}
