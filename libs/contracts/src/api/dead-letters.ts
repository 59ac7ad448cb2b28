/** `waiting` for a person, `ignored` because it is not ours; the others were ended by a person. */
export const DEAD_LETTER_STATES = ['waiting', 'ignored', 'replayed', 'discarded'] as const
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number]

/** `dlq list --json`: one message that a service gave up. */
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

/** `dlq show --json`: the same with what came. */
export interface DeadLetterView extends DeadLetterSummary {
  /** The text that came, exact unless `raw` is there; only its beginning where `cutFrom` gives its whole size in bytes. */
  value: string | null
  headers: Record<string, string>
  /** Base64 of what came, where it is no text. */
  raw: { key: string | null; value: string | null; headers: [name: string, value: string][] } | null
  cutFrom: number | null
}

/** `POST /v1/dead-letters/{service}/{id}/discard`. */
export interface DiscardRequest {
  reason: string
}
