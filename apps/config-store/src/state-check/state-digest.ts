import { createHash } from 'node:crypto'
import { canonicalJson, peekPredicate, type Envelope, type EventData } from '#libs/contracts'

/** 128 bits: a writer of records cannot find a second document for a digest. */
const DIGEST_CHARACTERS = 22

/** Digest of the state at one place, independent of member order. */
export function digestOfState(state: EventData['hms.state.recorded.v1']): string {
  return digestOf(canonicalJson(state))
}

export interface RecordSaid {
  digest: string
  /** Number of its head; 0 if it is no event of state. */
  seq: number
}

/**
 * Digest of a record's value. A value that is no event of state has the digest of its bytes, which no document has. The seal is not
 * checked: readers do not check it either, and the content is compared with the database.
 */
export function saidBy(value: string): RecordSaid {
  try {
    const { type, data } = peekPredicate<{ type?: unknown; data?: { document?: { seq?: unknown } } }>(JSON.parse(value) as Envelope)
    if (type === 'hms.state.recorded.v1') return { digest: digestOf(canonicalJson(data)), seq: Number(data?.document?.seq) || 0 }
  } catch {
    // Not JSON, no statement, or nested deeper than the stack: it cannot equal a row of the database.
  }
  return { digest: digestOf(`unreadable ${value}`), seq: 0 }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_CHARACTERS)
}
