import { fromBase64, utf8, type ApprovalMember } from '#libs/contracts'
import {
  isApproved,
  leafHash,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  openNote,
  readCheckpoint,
  readTlogProof,
  verifyInclusion,
  type ApprovedRelease,
  type Note,
} from '#libs/signing'
import type { LogKeys } from '../../signing/people.js'

export interface ProofToCheck {
  /** The line of the log, byte for byte what was hashed. */
  entry: string
  /** C2SP tlog-proof. */
  proof: string
  logs: LogKeys[]
  release: ApprovedRelease
  /** Index of the release in the tree that the entry names. */
  member: ApprovalMember
}

/** A proof that does not hold; `message` says which step. */
export class ProofRefused extends Error {
  override readonly name = 'ProofRefused'
}

/** Recomputes the proof: the release's entry is in a checkpoint that the log and enough witnesses signed. Throws `ProofRefused`. */
export async function checkProof({ entry, proof, logs, release, member }: ProofToCheck) {
  const { releases } = JSON.parse(entry) as { releases?: { size?: unknown; root?: unknown } }
  if (typeof releases?.size !== 'number' || typeof releases.root !== 'string') throw new ProofRefused('The entry names no releases.')
  if (!isApproved(releases, release, member)) throw new ProofRefused('The entry does not name this release.')
  const { index, path, checkpoint } = readable('proof', () => readTlogProof(proof))
  const note = readable('checkpoint', () => openNote(checkpoint))
  const { origin, size, root } = readable('checkpoint', () => readCheckpoint(note.body))
  if (!verifyInclusion(leafHash(utf8(entry)), index, size, path, root)) throw new ProofRefused('The log does not hold this entry there.')
  return { index, size, witnesses: await witnessesOf(note, origin, logs) }
}

function readable<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch {
    throw new ProofRefused(`The ${what} cannot be read.`)
  }
}

/** Returns how many witnesses signed the checkpoint, for the first of `logs` that signed it and still counted at that time. */
async function witnessesOf(note: Note, origin: string, logs: readonly LogKeys[]): Promise<number> {
  for (const { log, witnesses, quorum, until } of logs) {
    if (log.split('+')[0] !== origin || (await signedAt(note, log, NOTE_ED25519)) === undefined) continue
    const seen = await Promise.all(witnesses.map((witness) => signedAt(note, witness, NOTE_COSIGNATURE)))
    const times = seen.flatMap((seconds) => seconds ?? []).sort((a, b) => a - b)
    if (times.length < quorum) throw new ProofRefused(`${times.length} witnesses saw it, and ${quorum} are needed.`)
    const isLate = until !== undefined && !(quorum > 0 && times[quorum - 1]! * 1_000 < Date.parse(until))
    if (!isLate) return times.length
  }
  throw new ProofRefused('No log that the roster names signed the checkpoint.')
}

/**
 * Unix seconds at which a witness saw a checkpoint (C2SP tlog-cosignature), 0 for a log; `undefined` without a valid signature of this key.
 * By WebCrypto, because the `verifyCheckpoint` of the SDK would double the script.
 */
async function signedAt({ body, signatures }: Note, vkey: string, type: number): Promise<number | undefined> {
  const [name, id, ...encoded] = vkey.split('+')
  const raw = fromBase64(encoded.join('+'))
  if (raw[0] !== type || raw.length !== 33) return undefined
  const { subtle } = globalThis.crypto
  const key = await subtle.importKey('raw', raw.subarray(1) as BufferSource, 'Ed25519', false, ['verify'])
  const isWitness = type === NOTE_COSIGNATURE
  for (const { bytes } of signatures.filter((each) => each.name === name && each.id === id)) {
    if (isWitness && bytes.length !== 72) continue
    const seconds = isWitness ? Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0)) : 0
    const message = isWitness ? `cosignature/v1\ntime ${seconds}\n${body}` : body
    const signature = bytes.subarray(isWitness ? 8 : 0) as BufferSource
    if (await subtle.verify('Ed25519', key, signature, utf8(message) as BufferSource)) return seconds
  }
  return undefined
}
