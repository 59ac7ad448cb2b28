import type { DeadLetterState } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** A dead-lettered message: its original bytes and the reason. No message is dropped without one. */
export interface DeadLetter {
  id: string
  /** Service that dead-lettered the message. */
  group: string
  topic: string
  /** Display text, truncated and restricted to characters that PostgreSQL stores. It is exact unless `raw` is present. */
  key: string | null
  value: string | null
  headers: Record<string, string>
  /** Original bytes; present where the texts are not exact. */
  raw?: RawLetter
  /** Size of the value in bytes; present where only its beginning is stored. */
  cutFrom?: number
  position: string
  code: string
  detail: string
  run: number | null
  tries: number
  state: DeadLetterState
  at: string
  /** Person and time of the closing, with the given reason or the handler's outcome. */
  closed?: { at: string; by: string; reason: string }
}

/** Each part in base64. Headers are pairs, because header names are bytes too. */
export interface RawLetter {
  key: string | null
  value: string | null
  headers: [name: string, value: string][]
}

export const DEAD_LETTERS = documentTable<DeadLetter>({
  name: 'dead_letter',
  id: (letter) => letter.id,
  keys: {
    topic: { type: 'text', of: (letter) => letter.topic },
    state: { type: 'text', of: (letter) => letter.state },
    at: { type: 'timestamptz', of: (letter) => letter.at },
  },
  indexes: [['at']],
  keep: { for: 'machinery', ended: { state: ['replayed', 'discarded', 'ignored'] } },
})
