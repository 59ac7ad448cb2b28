import type { ApiClient } from '#libs/client'
import { HashTree, leafHash, readEntryBundle, SignatureError, tilePath, TILE_WIDTH, verifyCheckpoint, type LogPolicy, type WitnessedCheckpoint } from '#libs/signing'

export interface RecomputedLog {
  checkpoint: WitnessedCheckpoint
  /** The note, as it was served. */
  note: string
  tree: HashTree
  /** Runs of which an approval is in the log. */
  approvedRuns: ReadonlySet<number>
}

const HASH_BYTES = 32
const APPROVED = 'hms.approval.approved.v1'

/** Fetches the checkpoint and every entry under it, and computes the tree anew. Nothing that the log says of itself is believed. */
export async function recomputeLog(client: ApiClient, policy: LogPolicy): Promise<RecomputedLog> {
  const note = (await client.bytes('/checkpoint')).toString('utf8')
  const checkpoint = verifyCheckpoint(note, policy)
  const tree = new HashTree()
  const approvedRuns = new Set<number>()
  for (let index = 0; index * TILE_WIDTH < checkpoint.size; index++) {
    const width = Math.min(TILE_WIDTH, checkpoint.size - index * TILE_WIDTH)
    const [bundle, tile] = await Promise.all([
      client.bytes(`/tile/${tilePath({ level: 'entries', index, width })}`),
      client.bytes(`/tile/${tilePath({ level: 0, index, width })}`),
    ])
    const entries = readEntryBundle(bundle)
    if (entries.length !== width) throw broken(`bundle ${index} has ${entries.length} entries, not ${width}`)
    for (const [at, entry] of entries.entries()) {
      const leaf = leafHash(entry)
      if (!leaf.equals(tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))) throw broken(`entry ${index * TILE_WIDTH + at} is not the one whose hash the tile has`)
      tree.append(leaf)
      const { type, run } = JSON.parse(entry.toString('utf8')) as { type: string; run: number | null }
      if (type === APPROVED && run !== null) approvedRuns.add(run)
    }
  }
  if (!tree.root().equals(checkpoint.root)) throw broken(`the ${checkpoint.size} entries do not have the root that the log signed`)
  return { checkpoint, note, tree, approvedRuns }
}

function broken(detail: string): SignatureError {
  return new SignatureError('HMS_PROOF_INVALID', detail)
}
