import { groupBy, type LoggedApproval, type LogProof, type SharedProof } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { ApprovalTree, formatTlogProof } from '#libs/signing'
import type { IndexedRelease } from '../entries/entry.js'
import { inclusionProof } from './tree.js'
import type { PublishedCheckpoint, TreeStore } from './tree.store.js'

/** Builds the proof that the checkpoint covers the approval of a release. The index of the approval must be below the checkpoint's size. */
export async function proofOf(
  tree: TreeStore,
  tx: Transaction,
  { index, digest }: IndexedRelease,
  published: PublishedCheckpoint,
): Promise<LogProof> {
  const releases = await tree.releasesIn(tx, index, index + 1)
  const approval = new ApprovalTree(releases.map((release) => ({ id: release.policy, version: release.version, digest: release.digest })))
  return { ...(await sharedProof(tree, tx, index, published)), member: approval.member(digest) }
}

/** Returns the approvals among the entries `start` to `end`, each with its proof and all its releases. */
export async function approvalsIn(
  tree: TreeStore,
  tx: Transaction,
  { start, end }: { start: number; end: number },
  published: PublishedCheckpoint,
): Promise<LoggedApproval[]> {
  const approvals: LoggedApproval[] = []
  for (const [index, releases] of await byEntry(tree, tx, start, end)) {
    const named = releases.map(({ policy, version, digest }) => ({ policy, version, digest }))
    approvals.push({ ...(await sharedProof(tree, tx, index, published)), releases: named })
  }
  return approvals
}

export async function byEntry(tree: TreeStore, tx: Transaction, start: number, end: number): Promise<Map<number, IndexedRelease[]>> {
  return groupBy(await tree.releasesIn(tx, start, end), ({ index }) => index)
}

async function sharedProof(tree: TreeStore, tx: Transaction, index: number, { size, note }: PublishedCheckpoint): Promise<SharedProof> {
  const [entry] = await tree.entries(tx, index, index + 1)
  return { entry: entry!, proof: formatTlogProof({ index, path: await inclusionProof(tree, tx, index, size), checkpoint: note }) }
}
