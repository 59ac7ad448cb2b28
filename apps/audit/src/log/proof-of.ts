import type { LogProof } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { formatTlogProof } from '#libs/signing'
import { inclusionProof } from './tree.js'
import type { LoggedRelease } from '../entries/entry.js'
import type { PublishedCheckpoint, TreeStore } from './tree.store.js'

/** That the checkpoint covers the approval of a release; its index is below the checkpoint's size. */
export async function proofOf(
  tree: TreeStore,
  tx: Transaction,
  { index }: LoggedRelease,
  { size, note }: PublishedCheckpoint,
): Promise<LogProof> {
  const [entry] = await tree.entries(tx, index, index + 1)
  return { entry: entry!, proof: formatTlogProof({ index, path: await inclusionProof(tree, tx, index, size), checkpoint: note }) }
}
