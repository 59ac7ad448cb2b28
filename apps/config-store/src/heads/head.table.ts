import type { ConfigDocument, Envelope, EventData } from '#libs/contracts'
import { columns, documentTable } from '#libs/persistence'
import type { Origin } from './origin.js'
import { ALL_COUNTERS, type CounterAdvance } from '#libs/service'

/** Document of one policy in one scope, with the origin data that readers query. */
export interface StoredDocument extends ConfigDocument, Origin {
  /** Origin of the release held until its effective time. */
  nextOrigin?: Origin
  /** Signed reason for the change to the head's current release; never sent to readers. */
  change?: Envelope
  storedAt: string
  /** Time the head's current release came into force. */
  since?: string
  /** Revision in which this policy and scope first had the current release; renewals of a lease have later revisions. */
  firstRevision?: number
  /** Trace of the event that delivered the head. */
  traceparent: string | null
  /** Places (`policy@scope`) of all documents stored together with this one, see `bundleTags`. */
  bundle?: string
  /** End of a canary's last lease, see `leaseAfter`. */
  leaseUntil?: string
  /** Set once a canary's document was removed from the topic of state. */
  ended?: true
  /** Newest head numbers whose outcome was published: each is published once, whichever path it arrived on. */
  announcedSeqs: number[]
}

export const DOCUMENTS = documentTable<StoredDocument>({
  name: 'document',
  id: (document) => documentId(document.id, document.scope),
  keys: { policy: { type: 'text', of: (document) => document.id }, revision: { type: 'bigint', of: (document) => document.revision } },
  indexes: [['policy'], ['revision']],
})

export function documentId(policy: string, scope: string): string {
  return `${policy}@${scope}`
}

/** Gap-free revision counter of the environment. */
export interface EnvironmentCounter {
  id: 'environment'
  revision: number
}

export const ENVIRONMENT = documentTable<EnvironmentCounter>({ name: 'environment', id: (counter) => counter.id, keys: {} })

/** Changes of one revision, all of a bundle together, for queries about an earlier time. */
export interface Revision {
  revision: number
  documents: StoredDocument[]
  at: string
}

export const REVISIONS = documentTable<Revision>({
  name: 'revision',
  id: (entry) => String(entry.revision),
  keys: columns({ revision: 'bigint' }),
  indexes: [['revision']],
})

/** Number of revisions retained; a reader that was away longer gets a snapshot. */
export const REVISION_WINDOW = 10_000

/**
 * Advances the counter above the revisions that readers saw. Readers then get a snapshot: skipped revisions were never stored here. The
 * snapshot omits canaries, because readers may have seen higher numbers of their heads; a canary that still runs renews its heads.
 */
export async function advanceRevisionCounter({ tx, by }: CounterAdvance): Promise<void> {
  for (const document of await tx.documents(DOCUMENTS).find({ limit: ALL_COUNTERS }))
    if (document.leaseUntil !== undefined) await tx.documents(DOCUMENTS).put({ ...document, ended: true })
  const counter = await tx.documents(ENVIRONMENT).get('environment')
  await tx.documents(ENVIRONMENT).put({ id: 'environment', revision: (counter?.revision ?? 0) + by })
  for (const { revision } of await tx.documents(REVISIONS).find({ limit: ALL_COUNTERS }))
    await tx.documents(REVISIONS).delete(String(revision))
}

/** Returns the record of a stored document for the topic of state, without members that only readers of this service query. */
export function recordedState(stored: StoredDocument): EventData['hms.state.recorded.v1'] {
  const {
    approvedBy: _approvedBy,
    author: _author,
    soleOfficial: _soleOfficial,
    nextOrigin: _nextOrigin,
    change: _change,
    storedAt: _storedAt,
    since: _since,
    firstRevision: _firstRevision,
    announcedSeqs: _announcedSeqs,
    traceparent: _trace,
    bundle,
    leaseUntil: _leaseUntil,
    ended: _ended,
    ...document
  } = stored
  return { document, ...(bundle === undefined ? {} : { bundle }) }
}
