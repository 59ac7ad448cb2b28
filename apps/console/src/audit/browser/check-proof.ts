import { fromBase64, toHex, utf8, type ApprovalMember } from '#libs/contracts'
import { isApproved, leafHash, readCheckpoint, readTlogProof, verifyInclusion, type ApprovedRelease } from '#libs/signing'
import type { LogKeys } from '../../signing/people.js'

export interface ProofToCheck {
  /** The line of the log, byte for byte what was hashed. */
  entry: string
  /** C2SP tlog-proof. */
  proof: string
  logs: LogKeys[]
  release: ApprovedRelease
  /** Where the release stands in the tree that the entry names. */
  member: ApprovalMember
}

export interface Checked {
  index: number
  size: number
  witnesses: number
}

/** A proof that does not hold; `message` says which step. */
export class ProofRefused extends Error {
  override readonly name = 'ProofRefused'
}

const LOG_KEY = 0x01
const WITNESS_KEY = 0x04

/** Recomputes the proof: the release's entry is in a checkpoint that the log and enough witnesses signed. Throws `ProofRefused`. */
export async function checkProof({ entry, proof, logs, release, member }: ProofToCheck): Promise<Checked> {
  const { releases } = JSON.parse(entry) as { releases?: { size?: unknown; root?: unknown } }
  if (typeof releases?.size !== 'number' || typeof releases.root !== 'string') throw new ProofRefused('The entry names no releases.')
  if (!isApproved(releases, release, member)) throw new ProofRefused('The entry does not name this release.')
  const { index, path, checkpoint } = readable('proof', () => readTlogProof(proof))
  const body = checkpoint.slice(0, checkpoint.lastIndexOf('\n\n') + 1)
  const { origin, size, root } = readable('checkpoint', () => readCheckpoint(body))
  if (!verifyInclusion(leafHash(utf8(entry)), index, size, path, root)) throw new ProofRefused('The log does not hold this entry there.')
  return { index, size, witnesses: await witnessesOf({ body, origin, checkpoint }, logs) }
}

function readable<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch {
    throw new ProofRefused(`The ${what} cannot be read.`)
  }
}

interface SignedCheckpoint {
  body: string
  origin: string
  checkpoint: string
}

/** How many witnesses signed, by the first log that counts. */
async function witnessesOf({ body, origin, checkpoint }: SignedCheckpoint, logs: readonly LogKeys[]): Promise<number> {
  const lines = checkpoint.slice(body.length + 1).split('\n')
  for (const { log, witnesses, quorum, until } of logs) {
    if (nameOf(log) !== origin || !(await anySigned(lines, log, body))) continue
    const seen = await Promise.all(witnesses.map((witness) => timeOf(lines, witness, body)))
    const times = seen.flatMap((seconds) => seconds ?? []).sort((a, b) => a - b)
    if (times.length < quorum) throw new ProofRefused(`${times.length} witnesses saw it, and ${quorum} are needed.`)
    const isLate = until !== undefined && !(quorum > 0 && times[quorum - 1]! * 1_000 < Date.parse(until))
    if (!isLate) return times.length
  }
  throw new ProofRefused('No log that the roster names signed the checkpoint.')
}

function nameOf(vkey: string): string {
  return vkey.slice(0, vkey.indexOf('+'))
}

/** Signatures under this key's name and id, without the id. */
function signaturesOf(lines: readonly string[], vkey: string): Uint8Array[] {
  const [name, id] = vkey.split('+')
  return lines.flatMap((line) => {
    const [, signer, text] = /^— (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
    if (signer !== name || text === undefined) return []
    const bytes = fromBase64(text)
    return toHex(bytes.subarray(0, 4)) === id ? [bytes.subarray(4)] : []
  })
}

async function anySigned(lines: readonly string[], log: string, body: string): Promise<boolean> {
  const signed = signaturesOf(lines, log).map((sig) => verify(log, LOG_KEY, sig, utf8(body)))
  return (await Promise.all(signed)).includes(true)
}

/** When a witness saw the checkpoint (Unix seconds); C2SP tlog-cosignature. */
async function timeOf(lines: readonly string[], witness: string, body: string): Promise<number | undefined> {
  for (const bytes of signaturesOf(lines, witness)) {
    if (bytes.length !== 72) continue
    const seconds = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))
    if (await verify(witness, WITNESS_KEY, bytes.subarray(8), utf8(`cosignature/v1\ntime ${seconds}\n${body}`))) return seconds
  }
  return undefined
}

async function verify(vkey: string, type: number, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  const bytes = fromBase64(vkey.split('+').slice(2).join('+'))
  if (bytes[0] !== type || bytes.length !== 33) return false
  const key = await globalThis.crypto.subtle.importKey('raw', bytes.subarray(1) as BufferSource, { name: 'Ed25519' }, false, ['verify'])
  return globalThis.crypto.subtle.verify({ name: 'Ed25519' }, key, signature as BufferSource, message as BufferSource)
}
