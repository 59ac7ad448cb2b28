import { isSameBytes, toBase64 } from '#libs/contracts'
import { SignatureError } from '../signature-error.js'
import { readCheckpoint } from './checkpoint.js'
import { EMPTY_ROOT, hashFrom } from './merkle.js'
import { isSignedBy, openNote, type NoteKey } from './note.js'
import { verifyConsistency } from './verify-proof.js'

/** A log's request to a witness (C2SP tlog-witness) to sign a checkpoint that extends the witness's newest one, of `old` entries. */
export interface AddCheckpoint {
  old: number
  /** Consistency proof. */
  path: Uint8Array[]
  /** Checkpoint as a note that the log signed. */
  checkpoint: string
}

/** Newest checkpoint of a log that a witness signed. */
export interface Seen {
  size: number
  root: Uint8Array
}

/** Decision of a witness by HTTP status. 200: store `seen`, then sign `body`. 409: the log has to retry from `size`. Others as in C2SP. */
export type WitnessDecision = { status: 200; body: string; seen: Seen } | { status: 409; size: number } | { status: 400 | 403 | 422 }

const MAX_PATH = 63

export function formatAddCheckpoint({ old, path, checkpoint }: AddCheckpoint): string {
  return `old ${old}\n${path.map((hash) => `${toBase64(hash)}\n`).join('')}\n${checkpoint}`
}

export function readAddCheckpoint(text: string): AddCheckpoint {
  const end = text.indexOf('\n\n')
  const [place = '', ...hashes] = text.slice(0, Math.max(end, 0)).split('\n')
  const [, old] = /^old (0|[1-9][0-9]{0,15})$/.exec(place) ?? []
  const path = hashes.map(hashFrom)
  if (old === undefined || path.length > MAX_PATH || path.includes(undefined))
    throw new SignatureError('HMS_CHECKPOINT_INVALID', 'not a request to add a checkpoint')
  return { old: Number(old), path: path as Uint8Array[], checkpoint: text.slice(end + 2) }
}

/** Decides whether a witness that last signed `seen` may sign a checkpoint. A signature only asserts that checkpoints extend each other. */
export function decideCosignature(
  seen: Seen | undefined,
  { old, path, checkpoint }: AddCheckpoint,
  logs: readonly NoteKey[],
): WitnessDecision {
  const known = seen ?? { size: 0, root: undefined }
  const note = openNote(checkpoint)
  const { size, root, origin } = readCheckpoint(note.body)
  if (!logs.some((log) => origin === log.name && isSignedBy(log, checkpoint))) return { status: 403 }
  if (old > size) return { status: 400 }
  if (old !== known.size) return { status: 409, size: known.size }
  if (size === 0 && !isSameBytes(root, EMPTY_ROOT)) return { status: 422 }
  if (known.root === undefined) return path.length === 0 ? { status: 200, body: note.body, seen: { size, root } } : { status: 422 }
  if (size === old && !isSameBytes(root, known.root)) return { status: 409, size: known.size }
  return verifyConsistency(old, known.root, size, root, path) ? { status: 200, body: note.body, seen: { size, root } } : { status: 422 }
}
