import type { PolicyView } from '#libs/contracts'
import { holdDocument, type HeldDocument } from '#libs/client'
import type { StoredDocument } from '../heads/head.entity.js'

/** A `PolicyView` made once and given many times. */
export interface PreparedAnswer {
  json: string
  etag: string
}

/** A stored document taken apart once; `answer` is `null` when it names no release. */
export type HeldStored = HeldDocument & { answer: PreparedAnswer | null; storedAt: number }

export function holdStored({ approvedBy, author, soleOfficial, storedAt, told: _told, ...document }: StoredDocument): HeldStored {
  const held = holdDocument({ ...document, proof: document.proof ?? null })
  return { ...held, answer: answerOf(held, { author, approvedBy, ...(soleOfficial ? { soleOfficial } : {}) }), storedAt: Date.parse(storedAt) }
}

function answerOf({ document, value }: HeldDocument, origin: Omit<PolicyView['provenance'], 'run' | 'digest'>): PreparedAnswer | null {
  const { id, version, digest, revision, scope, run } = document
  if (value === null || version === null || digest === null) return null
  const provenance = { run, digest, ...origin }
  const view: PolicyView = { id, version, revision, source: 'live', scope, value: { ...value }, provenance }
  return { json: JSON.stringify(view), etag: `"${revision}.${digest.slice(-12)}"` }
}
