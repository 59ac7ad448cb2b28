import { toBase64 } from '#libs/contracts'
import { SignatureError, unlessRefused } from '../signature-error.js'
import { hashFrom } from './merkle.js'
import { openNote, verifyNote, type NoteKey } from './note.js'

/** Commitment of a log: number of its entries, and root of the tree over them. */
export interface Checkpoint {
  origin: string
  size: number
  root: Uint8Array
}

/** Keys of a log and its witnesses. `quorum`: how many witnesses must have seen a valid checkpoint. */
export interface LogPolicy {
  log: NoteKey
  witnesses: readonly NoteKey[]
  quorum: number
  /** Only for a replaced log: checkpoints are valid if the quorum saw them before this time (epoch milliseconds). */
  until?: number
}

/** A valid checkpoint. `witnessedAt` (Unix seconds): when the quorum had seen it; absent without a quorum. */
export interface WitnessedCheckpoint extends Checkpoint {
  witnessedAt?: number
}

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** Parses the body of a checkpoint note. Rejects C2SP extension lines, because nothing here would check their content. */
export function readCheckpoint(body: string): Checkpoint {
  const [, origin, size, hash] = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]+=*)\n$/.exec(body) ?? []
  const root = hashFrom(hash)
  if (origin === undefined || root === undefined || !Number.isSafeInteger(Number(size)))
    throw new SignatureError('HMS_CHECKPOINT_INVALID', 'a checkpoint must be exactly three lines: origin, size and root')
  return { origin, size: Number(size), root }
}

/** Verifies that the log and enough of its witnesses signed a checkpoint. Throws `SignatureError`. */
export function verifyCheckpoint(text: string, { log, witnesses, quorum, until }: LogPolicy): WitnessedCheckpoint {
  const note = openNote(text)
  const checkpoint = readCheckpoint(note.body)
  if (checkpoint.origin !== log.name)
    throw new SignatureError('HMS_CHECKPOINT_INVALID', `a checkpoint of ${checkpoint.origin}, not of ${log.name}`)
  if (verifyNote(note, [log]).length === 0) throw new SignatureError('HMS_CHECKPOINT_INVALID', `${log.name} did not sign it`)
  const times = verifyNote(note, witnesses)
    .flatMap(({ seconds }) => seconds ?? [])
    .sort((a, b) => a - b)
  if (times.length < quorum)
    throw new SignatureError('HMS_CHECKPOINT_UNWITNESSED', `signed by ${times.length} witnesses, but ${quorum} are required`)
  const witnessedAt = quorum === 0 ? undefined : times[quorum - 1]!
  if (until !== undefined && !(witnessedAt !== undefined && witnessedAt * 1_000 < until)) {
    throw new SignatureError(
      'HMS_CHECKPOINT_INVALID',
      `checkpoints of ${log.name} with the key ${log.id} are valid only if witnessed before ${new Date(until).toISOString()}`,
    )
  }
  return witnessedAt === undefined ? checkpoint : { ...checkpoint, witnessedAt }
}

/** Whether a checkpoint is valid by this policy; `false` for an invalid one. */
export function isWitnessed(text: string, policy: LogPolicy): boolean {
  return unlessRefused(() => verifyCheckpoint(text, policy) !== undefined, false)
}

/** Verifies a checkpoint by the policies of the log that signed it, else by the first. Throws the first error if none accepts it. */
export function verifyCheckpointOfAny(text: string, policies: readonly LogPolicy[]): WitnessedCheckpoint {
  const { signatures } = openNote(text)
  const signed = policies.filter(({ log }) => signatures.some(({ name, id }) => name === log.name && id === log.id))
  let refusal: unknown
  for (const policy of signed.length > 0 ? signed : policies.slice(0, 1)) {
    try {
      return verifyCheckpoint(text, policy)
    } catch (error) {
      refusal ??= error
    }
  }
  throw refusal ?? new SignatureError('HMS_CHECKPOINT_INVALID', 'the roster names no log')
}
