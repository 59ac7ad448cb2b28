import type { Envelope } from '../envelope.js'

/** States of a dead letter. `waiting`: for a person's decision. `ignored`: a foreign record. A person closed it in the other states. */
export const DEAD_LETTER_STATES = ['waiting', 'ignored', 'replayed', 'discarded'] as const
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number]

/** Decisions that a person may sign about a dead letter. */
export const LETTER_DECISIONS = ['replay', 'discard'] as const
export type LetterDecision = (typeof LETTER_DECISIONS)[number]

/** Begins `by` of a letter that a build replayed at its start, before its version. */
export const BY_BUILD = 'hms-svc '

/** `reason`: why it was discarded, or the outcome of its replay. `statement`: signed decision of a person; absent if a key acted. */
export type ClosedLetter = { at: string; by: string; reason: string; statement?: Envelope }

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
  closed: ClosedLetter | null
}

/** Output of `dlq show --json`: the summary with the original content. */
export interface DeadLetterView extends DeadLetterSummary {
  /** Original text, exact unless `raw` is present; only its beginning if `cutFrom` gives the full size in bytes. */
  value: string | null
  headers: Record<string, string>
  /** Original content in base64, if it is not text. */
  raw: { key: string | null; value: string | null; headers: [name: string, value: string][] } | null
  cutFrom: number | null
  /** Digest that a signed decision names: over the content, the tries so far, and the installation. */
  digest: string
}

/** Body of `POST /v1/dead-letters/{service}/{id}/discard`. */
export interface DiscardRequest {
  reason: string
}
