import { documentTable } from '#libs/persistence'

/** A message given up: its bytes as they came, and why. Nothing is dropped in silence. */
export interface DeadLetter {
  id: string
  group: string
  topic: string
  key: string | null
  value: string | null
  headers: Record<string, string>
  position: string
  code: string
  detail: string
  run: number | null
  tries: number
  state: 'waiting' | 'ignored'
  at: string
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
})
