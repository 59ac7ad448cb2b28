import { toBase64 } from '#libs/contracts'
import { SignatureError } from '../signature-error.js'
import { verifyCheckpointOfAny, type LogPolicy, type WitnessedCheckpoint } from './checkpoint.js'
import { hashFrom, leafHash } from './merkle.js'
import { verifyInclusion } from './verify-proof.js'

/** Proof that an entry is at `index` in the log of this checkpoint (C2SP tlog-proof). */
export interface TlogProof {
  index: number
  path: Uint8Array[]
  /** Signed note. */
  checkpoint: string
}

const MAGIC = 'c2sp.org/tlog-proof@v1'
/** Maximum path length: the height of a tree with 2^53 leaves. */
const MAX_PATH = 53

export function formatTlogProof({ index, path, checkpoint }: TlogProof): string {
  return `${MAGIC}\nindex ${index}\n${path.map((hash) => `${toBase64(hash)}\n`).join('')}\n${checkpoint}`
}

export function readTlogProof(text: string): TlogProof {
  const end = text.indexOf('\n\n')
  const [magic, place = '', ...hashes] = text.slice(0, Math.max(end, 0)).split('\n')
  const [, index] = /^index (0|[1-9][0-9]{0,15})$/.exec(place) ?? []
  if (magic !== MAGIC || index === undefined || hashes.length > MAX_PATH) throw invalid('not a tlog-proof')
  return { index: Number(index), path: hashes.map(readHash), checkpoint: text.slice(end + 2) }
}

/** Verifies that a log contains `entry`; returns index, checkpoint and time of the quorum. `policies`: all logs, replaced ones too. */
export function verifyTlogProof(entry: Uint8Array, text: string, policies: readonly LogPolicy[]): WitnessedCheckpoint & { index: number } {
  const { index, path, checkpoint } = readTlogProof(text)
  const { size, root, ...rest } = verifyCheckpointOfAny(checkpoint, policies)
  if (!verifyInclusion(leafHash(entry), index, size, path, root))
    throw new SignatureError('HMS_PROOF_INVALID', 'the log does not contain this entry at this index')
  return { ...rest, index, size, root }
}

function readHash(line: string): Uint8Array {
  const hash = hashFrom(line)
  if (hash === undefined) throw invalid('a hash must be 32 bytes in base64')
  return hash
}

function invalid(detail: string): SignatureError {
  return new SignatureError('HMS_PROOF_INVALID', detail)
}
