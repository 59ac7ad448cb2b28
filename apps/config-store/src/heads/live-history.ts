import type { Envelope, LiveRecord, LogProof, ReleaseRecord } from '#libs/contracts'
import { columns, documentTable, type Transaction } from '#libs/persistence'
import type { VerifiedHead } from '#libs/signing'
import type { StoredDocument } from './head.table.js'
import { originOf, type Origin } from './origin.js'

/** Release that was in force at some time, in any scope, with its proofs. Retained forever; one row for all periods of the release. */
export interface LiveRelease extends Origin {
  digest: string
  policy: string
  version: string
  release: Envelope
  proof: LogProof | null
}

export const LIVE_RELEASES = documentTable<LiveRelease>({
  name: 'live_release',
  id: ({ digest }) => digest,
  keys: columns({ policy: 'text', version: 'text' }),
  indexes: [['policy', 'version']],
})

/** Stable head, recorded as it came into force. Retained forever; it was in force until the next head of its policy. */
export type LiveHead = Omit<LiveRecord, keyof ReleaseRecord | 'next'>

/** Signed change of rollout, and the heads that it is about. */
export interface StatedChange {
  envelope: Envelope
  heads: readonly { policy: string; seq: number }[]
}

export const LIVE_HEADS = documentTable<LiveHead>({
  name: 'live_head',
  id: ({ policy, seq }) => `${policy}:${seq}`,
  keys: columns({ policy: 'text', seq: 'bigint', storedAt: 'timestamptz' }),
  indexes: [
    ['policy', 'seq'],
    ['policy', 'stored_at'],
  ],
})

/** Records head, run, signers and times, to show and prove past states; of a canary only the release, because its heads last minutes. */
export async function recordLive(tx: Transaction, document: StoredDocument, verified: VerifiedHead): Promise<void> {
  const { id: policy, scope, seq, revision, digest, run, head, storedAt } = document
  if (scope === 'global') await tx.documents(LIVE_HEADS).insert({ policy, seq, revision, digest, run, head, storedAt })
  for (const release of releasesOf(verified)) await tx.documents(LIVE_RELEASES).insert(release)
}

/** Adds the signed reason to recorded heads that lack one. */
export async function explainLive(tx: Transaction, { envelope, heads }: StatedChange): Promise<void> {
  for (const { policy, seq } of heads) {
    const recorded = await tx.documents(LIVE_HEADS).get(`${policy}:${seq}`)
    if (recorded !== undefined && recorded.change === undefined) await tx.documents(LIVE_HEADS).put({ ...recorded, change: envelope })
  }
}

/** Returns the releases of a head as rows of the history, including the held one, which comes into force without another head. */
export function releasesOf({ release, next }: VerifiedHead): LiveRelease[] {
  return [release, next?.release ?? null].flatMap((each): LiveRelease[] => {
    if (each === null) return []
    const { digest, predicate, envelope, proof } = each
    const { id: policy, version } = predicate.policy
    return [{ digest, policy, version, release: envelope, proof, ...originOf(each) }]
  })
}
