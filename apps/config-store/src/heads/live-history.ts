import { peekPredicate, type Envelope, type LogProof } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'
import type { HeadPredicate, VerifiedHead } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { originOf } from './judge-row.js'
import type { StoredDocument } from './head.table.js'

/** Release that was in force at some time, in any scope, with its proofs. Retained forever; one row for all its periods. */
export interface LiveRelease {
  /** Release digest. */
  digest: string
  policy: string
  version: string
  release: Envelope
  proof: LogProof | null
  author: string | null
  approvedBy: string[]
  soleOfficial: boolean
}

export const LIVE_RELEASES = documentTable<LiveRelease>({
  name: 'live_release',
  id: ({ digest }) => digest,
  keys: { policy: { type: 'text', of: ({ policy }) => policy }, version: { type: 'text', of: ({ version }) => version } },
  indexes: [['policy', 'version']],
})

/** Stable head as it came into force. Retained forever; it was in force until the next head of its policy. */
export interface LiveHead {
  policy: string
  seq: number
  revision: number
  /** Digest of the release; `null` for a withdrawal. */
  digest: string | null
  run: number | null
  head: Envelope
  /** RFC 3339, the database's clock. */
  storedAt: string
  /** Signed reason why it was issued; missing if it repeats the one before, and in rows of earlier builds. */
  change?: Envelope
}

/** Signed change of rollout, and the heads that it is about. */
export interface StatedChange {
  envelope: Envelope
  heads: readonly { policy: string; seq: number }[]
}

export const LIVE_HEADS = documentTable<LiveHead>({
  name: 'live_head',
  id: ({ policy, seq }) => `${policy}:${seq}`,
  keys: {
    policy: { type: 'text', of: ({ policy }) => policy },
    seq: { type: 'bigint', of: ({ seq }) => seq },
    stored_at: { type: 'timestamptz', of: ({ storedAt }) => storedAt },
  },
  indexes: [
    ['policy', 'seq'],
    ['policy', 'stored_at'],
  ],
})

/** Records every document that was ever live, with its heads, run, signers and times, so past states can be shown and proven. */
@Injectable()
export class LiveHistory {
  /** Records documents. For a canary's scope only the release is recorded: its heads were in force for a cohort, and for minutes. */
  async remember(tx: Transaction, documents: readonly StoredDocument[]): Promise<void> {
    for (const document of documents) {
      const { id: policy, scope, seq, revision, digest, run, head, storedAt } = document
      if (scope === 'global') await tx.documents(LIVE_HEADS).insert({ policy, seq, revision, digest, run, head, storedAt })
      for (const release of [currentOf(document), nextOf(document)]) if (release !== null) await tx.documents(LIVE_RELEASES).insert(release)
    }
  }

  /** Adds the reason to recorded heads that lack it. */
  async explain(tx: Transaction, { envelope, heads }: StatedChange): Promise<void> {
    for (const { policy, seq } of heads) {
      const recorded = await tx.documents(LIVE_HEADS).get(`${policy}:${seq}`)
      if (recorded !== undefined && recorded.change === undefined) await tx.documents(LIVE_HEADS).put({ ...recorded, change: envelope })
    }
  }
}

function currentOf({ id, digest, version, release, proof, author, approvedBy, soleOfficial }: StoredDocument): LiveRelease | null {
  if (digest === null || release === null || version === null) return null
  return { digest, policy: id, version, release, proof, author, approvedBy, soleOfficial }
}

/** Returns the release that a head holds for later, because it comes into force without another head. */
function nextOf({ id, head, next, nextOrigin }: StoredDocument): LiveRelease | null {
  const digest = peekPredicate<HeadPredicate>(head).next?.release
  if (next === undefined || nextOrigin === undefined || digest === undefined) return null
  const { version } = peekPredicate<{ policy: { version: string } }>(next.release).policy
  return { digest, policy: id, version, release: next.release, proof: next.proof ?? null, ...nextOrigin }
}

/** Returns the releases of a head in the form of the history. */
export function releasesOf({ release, next }: VerifiedHead): LiveRelease[] {
  return [release, next?.release ?? null].flatMap((each): LiveRelease[] => {
    if (each === null) return []
    const { digest, predicate, envelope, proof } = each
    const { id: policy, version } = predicate.policy
    return [{ digest, policy, version, release: envelope, proof, ...originOf(each) }]
  })
}
