import { NOT_BY_CALLER, peekPredicate, withoutInternalReason, type Envelope, type PolicyView } from '#libs/contracts'
import { holdDocument, type HeldDocument } from '#libs/evaluation'
import { breakGlassBehind, changeView, type ReleasePredicate } from '#libs/signing'
import { leaseOf } from '../heads/canary-lease.js'
import type { Origin, StoredDocument } from '../heads/head.table.js'
import { begunAt } from '../heads/in-force-since.js'

/** `PolicyView` prepared once for many responses. */
export interface PreparedAnswer {
  json: string
  /** Without the internal reason of the change, if it has one: for keys of bots and partners. */
  outsideJson?: string
  etag: string
}

/** Parsed stored document; `answer` is `null` if it names no release. */
export type HeldStored = HeldDocument & {
  answer: PreparedAnswer | null
  storedAt: number
  traceparent: string | null
  /** Places of the documents stored with it. */
  bundle?: string
  /** Expiry of a canary's last lease, in ms since 1970; no reader uses it afterwards. */
  overAt: number
}

export function holdStored({
  approvedBy,
  author,
  soleOfficial,
  nextOrigin,
  change,
  storedAt,
  since = storedAt,
  firstRevision,
  traceparent,
  announcedSeqs: _announcedSeqs,
  bundle,
  leaseUntil,
  ended: _ended,
  ...document
}: StoredDocument): HeldStored {
  const lease = leaseOf({ ...document, storedAt, leaseUntil })
  const stored = { storedAt: Date.parse(storedAt), traceparent, bundle, overAt: lease === undefined ? Infinity : Date.parse(lease) }
  const opened = holdDocument({ ...document, proof: document.proof ?? null })
  const held = { ...opened, firstRevision: firstRevision ?? opened.firstRevision }
  const answered = withAnswer(held, { approvedBy, author, soleOfficial }, stored, since, change)
  if (held.next === null || nextOrigin === undefined) return answered
  const begun = begunAt(new Date(held.next.atMs).toISOString(), storedAt)
  return { ...answered, next: { ...held.next, held: withAnswer(held.next.held, nextOrigin, stored, begun) } }
}

function withAnswer(
  held: HeldDocument,
  origin: Origin,
  stored: Omit<HeldStored, keyof HeldDocument | 'answer'>,
  since: string,
  change?: Envelope,
): HeldStored {
  return { ...held, answer: answerOf(held, origin, since, change), ...stored }
}

function answerOf(
  { document, value }: HeldDocument,
  { author, approvedBy, soleOfficial }: Origin,
  since: string,
  change: Envelope | undefined,
): PreparedAnswer | null {
  const { id, version, digest, revision, scope, run } = document
  if (value === null || version === null || digest === null) return null
  const predicate = peekPredicate<ReleasePredicate>(document.release!)
  const breakGlass = breakGlassBehind(predicate)
  const changed = changeView(change, { predicate, approvedBy })
  const provenance: PolicyView['provenance'] = {
    run,
    digest,
    author,
    approvedBy,
    ...(soleOfficial ? { soleOfficial } : {}),
    ...(breakGlass === undefined ? {} : { breakGlass }),
    ...(changed === undefined ? {} : { change: changed }),
  }
  const view: PolicyView = {
    id,
    version,
    revision,
    source: 'live',
    scope,
    since,
    value: { ...value },
    verification: NOT_BY_CALLER,
    provenance,
  }
  const json = JSON.stringify(view)
  const etag = `"${revision}.${digest.slice(-12)}"`
  if (changed === undefined || changed.reason === null) return { json, etag }
  const outside: PolicyView = { ...view, provenance: { ...provenance, change: withoutInternalReason(changed) } }
  return { json, outsideJson: JSON.stringify(outside), etag }
}
