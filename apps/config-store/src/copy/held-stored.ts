import type { PolicyView } from '#libs/contracts'
import { holdDocument, type HeldDocument } from '#libs/evaluation'
import type { Origin, StoredDocument } from '../heads/head.table.js'
import { begunAt } from '../heads/in-force-since.js'

/** A `PolicyView` made once and given many times. */
export interface PreparedAnswer {
  json: string
  etag: string
}

/** A stored document taken apart once; `answer` is `null` when it names no release. */
export type HeldStored = HeldDocument & { answer: PreparedAnswer | null; storedAt: number; traceparent: string | null }

export function holdStored({
  approvedBy,
  author,
  soleOfficial,
  nextOrigin,
  storedAt,
  since = storedAt,
  firstRevision,
  traceparent,
  announcedSeqs: _announcedSeqs,
  ...document
}: StoredDocument): HeldStored {
  const opened = holdDocument({ ...document, proof: document.proof ?? null })
  const held = { ...opened, firstRevision: firstRevision ?? opened.firstRevision }
  const answered = withAnswer(held, { approvedBy, author, soleOfficial }, { storedAt, since, traceparent })
  if (held.next === null || nextOrigin === undefined) return answered
  const begun = begunAt(new Date(held.next.atMs).toISOString(), storedAt)
  return { ...answered, next: { ...held.next, held: withAnswer(held.next.held, nextOrigin, { storedAt, since: begun, traceparent }) } }
}

function withAnswer(
  held: HeldDocument,
  origin: Origin,
  { storedAt, since, traceparent }: Pick<StoredDocument, 'storedAt' | 'traceparent'> & { since: string },
): HeldStored {
  return { ...held, answer: answerOf(held, origin, since), storedAt: Date.parse(storedAt), traceparent }
}

function answerOf({ document, value }: HeldDocument, { author, approvedBy, soleOfficial }: Origin, since: string): PreparedAnswer | null {
  const { id, version, digest, revision, scope, run } = document
  if (value === null || version === null || digest === null) return null
  const provenance: PolicyView['provenance'] = { run, digest, author, approvedBy, ...(soleOfficial ? { soleOfficial } : {}) }
  const view: PolicyView = { id, version, revision, source: 'live', scope, since, value: { ...value }, provenance }
  return { json: JSON.stringify(view), etag: `"${revision}.${digest.slice(-12)}"` }
}
