import type { PolicyView } from '#libs/contracts'
import { holdDocument, type HeldDocument } from '#libs/client'
import type { StoredDocument } from '../heads/head.entity.js'

/** An answer made once and given many times. */
export interface PreparedView {
  view: PolicyView
  json: string
  etag: string
}

/** A stored document taken apart once; `answer` is `null` when it names no release. */
export type HeldStored = HeldDocument & { answer: PreparedView | null; storedAt: number }

export function holdStored({ approvedBy, author, storedAt, told: _told, ...document }: StoredDocument): HeldStored {
  const held = holdDocument(document)
  const { id, version, digest, revision, scope, run } = document
  if (held.value === null || version === null || digest === null) return { ...held, answer: null, storedAt: Date.parse(storedAt) }
  const view: PolicyView = { id, version, revision, source: 'live', scope, value: { ...held.value }, provenance: { run, digest, author, approvedBy } }
  return { ...held, answer: { view, json: JSON.stringify(view), etag: `"${revision}.${digest.slice(-12)}"` }, storedAt: Date.parse(storedAt) }
}
