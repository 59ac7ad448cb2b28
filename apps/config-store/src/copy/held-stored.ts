import { NOT_BY_CALLER, peekPredicate, withoutInternalReason, type Envelope, type PolicyView } from '#libs/contracts'
import { decodeDocument, type HeldDocument } from '#libs/evaluation'
import type { ReleasePredicate } from '#libs/signing'
import { leaseOf } from '../heads/canary-lease.js'
import { recordedState, type StoredDocument } from '../heads/head.table.js'
import { begunAt } from '../heads/in-force-since.js'
import { provenanceOf, type Origin } from '../heads/origin.js'

/** `PolicyView` prepared once for many responses. */
export interface PreparedAnswer {
  json: string
  /** `json` without the internal reason of the change, for bots and partners; missing if the change has no internal reason. */
  outsideJson?: string
  etag: string
}

/** Parsed stored document; `answer` is `null` if it names no release. */
export type HeldStored = HeldDocument & {
  answer: PreparedAnswer | null
  storedAt: number
  traceparent: string | null
  /** Places (`policy@scope`) of the documents stored together with this one. */
  bundle?: string
  /** Expiry of a canary's last lease, in ms since 1970; no reader uses the document afterwards. */
  expiresMs: number
}

export function parseStored(row: StoredDocument): HeldStored {
  const { nextOrigin, storedAt, since = storedAt } = row
  const { document, bundle } = recordedState(row)
  const lease = leaseOf(row)
  const expiresMs = lease === undefined ? Infinity : Date.parse(lease)
  const stored = { storedAt: Date.parse(storedAt), traceparent: row.traceparent, bundle, expiresMs }
  const opened = decodeDocument({ ...document, proof: document.proof ?? null })
  const held = { ...opened, firstRevision: row.firstRevision ?? opened.firstRevision, answer: answerOf(opened, row, since, row.change) }
  if (opened.next === null || nextOrigin === undefined) return { ...held, ...stored }
  const begun = begunAt(new Date(opened.next.atMs).toISOString(), storedAt)
  const next = { ...opened.next.held, answer: answerOf(opened.next.held, nextOrigin, begun), ...stored }
  return { ...held, ...stored, next: { ...opened.next, held: next } }
}

function answerOf({ document, value }: HeldDocument, origin: Origin, since: string, change?: Envelope): PreparedAnswer | null {
  const { id, version, digest, revision, scope, run } = document
  if (value === null || version === null || digest === null) return null
  const provenance = provenanceOf({ run, digest, predicate: peekPredicate<ReleasePredicate>(document.release!) }, origin, change)
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
  const { change: changeView } = provenance
  if (changeView === undefined || changeView.reason === null) return { json, etag }
  const outside: PolicyView = { ...view, provenance: { ...provenance, change: withoutInternalReason(changeView) } }
  return { json, outsideJson: JSON.stringify(outside), etag }
}
