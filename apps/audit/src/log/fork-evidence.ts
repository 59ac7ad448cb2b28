import { isSameBytes } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { isSignedBy, openNote, readCheckpoint, unlessRefused, type Checkpoint, type NoteKey } from '#libs/signing'
import type { WitnessLink } from '#libs/witness'
import { rootOf, type Grown } from './tree.js'
import type { TreeStore } from './tree.store.js'

/**
 * Returns the newest checkpoint that a witness signed, if the log signed it too: no other party can make such a note. Any other response of
 * a witness is unsigned and proves nothing.
 */
export async function signedByBoth(witness: WitnessLink, log: NoteKey): Promise<Checkpoint | undefined> {
  const note = await witness.newestCheckpoint?.(log.name)
  if (note === undefined || !isSignedBy(log, note) || !isSignedBy(witness.key, note)) return undefined
  const checkpoint = unlessRefused(() => readCheckpoint(openNote(note).body), undefined)
  return checkpoint?.origin === log.name ? checkpoint : undefined
}

/** Returns how this tree contradicts a checkpoint that the log signed; `undefined` if it does not. */
export async function contradictionTo(
  { size, root }: Checkpoint,
  grown: Grown,
  tree: TreeStore,
  tx: Transaction,
): Promise<string | undefined> {
  if (size > grown.size) {
    // Another instance may have sent the witness a larger tree meanwhile.
    const now = await tree.size(tx)
    return size > now ? beyond(size, now) : undefined
  }
  return size === 0 || isSameBytes(root, await rootOf(tree, tx, size)) ? undefined : ANOTHER_HISTORY
}

export const ANOTHER_HISTORY = 'a witness saw another history of this log'

export function beyond(seen: number, size: number): string {
  return `a witness saw ${seen} entries, and the log has ${size}: it was restored from a backup`
}
