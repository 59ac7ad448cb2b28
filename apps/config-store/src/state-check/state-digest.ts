import { createHash } from 'node:crypto'
import { canonicalJson, peekPredicate, type Envelope, type EventData } from '#libs/contracts'

/** 128 bits: nobody who can write a record finds a second document for one of them. */
const DIGEST_CHARACTERS = 22

/** Digest of what lies at one place, whatever the order of its members. */
export function digestOfState(state: EventData['hms.state.recorded.v1']): string {
  return digestOf(canonicalJson(state))
}

export interface RecordSaid {
  digest: string
  /** Number of its head; 0 where it is no event of state. */
  seq: number
}

/**
 * The same of a record's value. What is no event of state has the digest of its bytes, which no document has. The seal is not asked for:
 * readers do not ask for it either, and what a record says is compared with the database.
 */
export function saidBy(value: string): RecordSaid {
  try {
    const { type, data } = peekPredicate<{ type?: unknown; data?: { document?: { seq?: unknown } } }>(JSON.parse(value) as Envelope)
    if (type === 'hms.state.recorded.v1') return { digest: digestOf(canonicalJson(data)), seq: Number(data?.document?.seq) || 0 }
  } catch {
    // Not JSON, no statement, or nested deeper than the stack: it says nothing that the database could.
  }
  return { digest: digestOf(`unreadable ${value}`), seq: 0 }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_CHARACTERS)
}
