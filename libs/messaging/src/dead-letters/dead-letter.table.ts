import type { DeadLetterState } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** A message given up: its bytes as they came, and why. Nothing is dropped in silence. */
export interface DeadLetter {
  id: string
  /** The service that gave it up. */
  group: string
  topic: string
  /** Texts for people, in bounds and without what PostgreSQL cannot hold; what came exactly, unless `raw` is there. */
  key: string | null
  value: string | null
  headers: Record<string, string>
  /** What came exactly, where the texts do not say it. */
  raw?: RawLetter
  /** Size of the value in bytes, where only its beginning is kept. */
  cutFrom?: number
  position: string
  code: string
  detail: string
  run: number | null
  tries: number
  state: DeadLetterState
  at: string
  /** Who ended it and when; the reason given, or what the handler answered. */
  closed?: { at: string; by: string; reason: string }
}

/** Base64 each; headers as pairs, since their names are bytes too. */
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
