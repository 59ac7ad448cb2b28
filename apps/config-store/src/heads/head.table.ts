import type { ConfigDocument, Envelope } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** Who wrote and approved a release. */
export interface Origin {
  approvedBy: string[]
  author: string | null
  soleOfficial: boolean
}

/** One policy in one scope as it is in force, with what readers ask about its origin. */
export interface StoredDocument extends ConfigDocument, Origin {
  /** Of the release that is held for later. */
  nextOrigin?: Origin
  /** Why what the head makes current came into force, as rollout signed it; never given to readers. */
  change?: Envelope
  storedAt: string
  /** When what the head makes current came into force. */
  since?: string
  /** From which on this place names this release: leases are renewed. */
  firstRevision?: number
  /** The trace that brought it here. */
  traceparent: string | null
  /** Of documents that were stored together: the places of all of them, see `bundlePlaces`. */
  bundle?: string
  /** Of a canary: when nobody lives by it any more, see `leaseAfter`. */
  leaseUntil?: string
  /** Of a canary: it has left the topic. */
  ended?: true
  /** The newest numbers whose issuer was told what became of them: each is told once, by whichever path it came. */
  announcedSeqs: number[]
}

export const DOCUMENTS = documentTable<StoredDocument>({
  name: 'document',
  id: (document) => documentId(document.id, document.scope),
  keys: {
    policy: { type: 'text', of: (document) => document.id },
    revision: { type: 'bigint', of: (document) => document.revision },
  },
  indexes: [['policy'], ['revision']],
})

export function documentId(policy: string, scope: string): string {
  return `${policy}@${scope}`
}

/** The one gap-free revision of the environment. */
export interface EnvironmentCounter {
  id: 'environment'
  revision: number
}

export const ENVIRONMENT = documentTable<EnvironmentCounter>({ name: 'environment', id: (counter) => counter.id, keys: {} })

/** What one revision changed, all of a bundle together: what was in force at an earlier time. */
export interface Revision {
  revision: number
  documents: StoredDocument[]
  at: string
}

export const REVISIONS = documentTable<Revision>({
  name: 'revision',
  id: (entry) => String(entry.revision),
  keys: { revision: { type: 'bigint', of: (entry) => entry.revision } },
  indexes: [['revision']],
})

/** So many revisions are kept; a reader that was away for longer gets a snapshot. */
export const REVISION_WINDOW = 10_000
