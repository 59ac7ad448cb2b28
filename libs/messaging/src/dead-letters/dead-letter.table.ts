import type { DeadLetterSummary, DeadLetterView } from '#libs/contracts'
import { columns, documentTable } from '#libs/persistence'

/** A dead-lettered message and its reason. Every dropped message has a dead letter. */
export interface DeadLetter extends Omit<DeadLetterSummary, 'service' | 'closed'> {
  /** Service that dead-lettered the message. */
  group: string
  /** Exact text, like `key`. With `raw`, or for an ignored record: shortened for display, without characters that PostgreSQL refuses. */
  value: string | null
  headers: Record<string, string>
  /** Original bytes; present if the texts are not exact and the record may be replayed. */
  raw?: RawLetter
  /** Size of the original value in bytes; present if only the beginning of the value is stored. */
  cutFrom?: number
  /** Caller and time of the closing, with the caller's reason or the outcome of the replay. */
  closed?: NonNullable<DeadLetterSummary['closed']>
}

/** Original bytes in base64. Headers are pairs, because header names are bytes too. */
export type RawLetter = NonNullable<DeadLetterView['raw']>

export const DEAD_LETTERS = documentTable<DeadLetter>({
  name: 'dead_letter',
  id: (letter) => letter.id,
  keys: columns({ topic: 'text', state: 'text', at: 'timestamptz' }),
  indexes: [['at']],
  keep: { for: 'machinery', ended: { state: ['replayed', 'discarded', 'ignored'] } },
})
