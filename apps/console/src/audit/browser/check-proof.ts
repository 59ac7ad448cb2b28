import { canonicalJson } from '#libs/contracts'
import type { LogKeys } from '../../signing/log-keys.js'
import { fromBase64, joined, toBase64, utf8, type Bytes } from '../../signing/browser/bytes.js'

export interface ProofToCheck {
  /** The line of the log, byte for byte what was hashed. */
  entry: string
  /** C2SP tlog-proof. */
  proof: string
  logs: LogKeys[]
  release: { id: string; version: string; digest: string }
  /** Where the release stands in the tree that the entry names. */
  member: { index: number; path: string[] }
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
const MAX_PATH = 53

/**
 * Computes the proof anew: the entry names the release, its hash leads to the checkpoint's root (RFC 9162 §2.1.3.2), and the log and
 * enough witnesses signed that checkpoint. Throws `ProofRefused`. Whose keys count is the roster's to say, which the page brings.
 */
export async function checkProof({ entry, proof, logs, release, member }: ProofToCheck): Promise<Checked> {
  const { releases } = JSON.parse(entry) as { releases?: { size?: unknown; root?: unknown } }
  const { size: many, root: top } = releases ?? {}
  if (typeof many !== 'number' || typeof top !== 'string') throw new ProofRefused('The entry names no releases.')
  const { id, version, digest } = release
  const leaf = await leafHash(utf8(canonicalJson({ digest, id, version })))
  if (!(await leadsTo({ leaf, index: member.index, size: many, path: member.path, root: top })))
    throw new ProofRefused('The entry does not name this release.')
  const { index, path, checkpoint } = readProof(proof)
  const body = checkpoint.slice(0, checkpoint.lastIndexOf('\n\n') + 1)
  const [, origin, size, root] = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]+=*)\n$/.exec(body) ?? []
  if (origin === undefined || size === undefined || root === undefined) throw new ProofRefused('The checkpoint cannot be read.')
  if (!(await leadsTo({ leaf: await leafHash(utf8(entry)), index, size: Number(size), path, root })))
    throw new ProofRefused('The log does not hold this entry there.')
  return { index, size: Number(size), witnesses: await witnessesOf({ body, origin, checkpoint }, logs) }
}

function readProof(text: string): { index: number; path: string[]; checkpoint: string } {
  const end = text.indexOf('\n\n')
  const [magic, place = '', ...path] = text.slice(0, Math.max(end, 0)).split('\n')
  const [, index] = /^index (0|[1-9]\d{0,15})$/.exec(place) ?? []
  if (magic !== 'c2sp.org/tlog-proof@v1' || index === undefined || path.length > MAX_PATH)
    throw new ProofRefused('The proof cannot be read.')
  return { index: Number(index), path, checkpoint: text.slice(end + 2) }
}

interface Way {
  leaf: Bytes
  index: number
  size: number
  /** Hashes in base64. */
  path: readonly string[]
  root: string
}

async function leadsTo({ leaf, index, size, path, root }: Way): Promise<boolean> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false
  let at = index
  let last = size - 1
  let hash = leaf
  for (const sibling of path.map((text) => fromBase64(text))) {
    if (last === 0 || sibling.length !== 32) return false
    if (at % 2 === 1 || at === last) {
      hash = await nodeHash(sibling, hash)
      // A right edge that stands alone rises until it is a right child.
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
    } else hash = await nodeHash(hash, sibling)
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 && toBase64(hash) === root
}

function leafHash(entry: Bytes): Promise<Bytes> {
  return sha256(joined(Uint8Array.of(0), entry))
}

function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(joined(Uint8Array.of(1), left, right))
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes))
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
function signaturesOf(lines: readonly string[], vkey: string): Bytes[] {
  const [name, id] = vkey.split('+')
  return lines.flatMap((line) => {
    const [, signer, text] = /^— (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
    if (signer !== name || text === undefined) return []
    const bytes = fromBase64(text)
    const isIts = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('') === id
    return isIts ? [bytes.slice(4)] : []
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
    const seconds = Number(new DataView(bytes.buffer).getBigUint64(0))
    if (await verify(witness, WITNESS_KEY, bytes.slice(8), utf8(`cosignature/v1\ntime ${seconds}\n${body}`))) return seconds
  }
  return undefined
}

async function verify(vkey: string, type: number, signature: Bytes, message: Bytes): Promise<boolean> {
  const bytes = fromBase64(vkey.split('+').slice(2).join('+'))
  if (bytes[0] !== type || bytes.length !== 33) return false
  const key = await globalThis.crypto.subtle.importKey('raw', bytes.slice(1), { name: 'Ed25519' }, false, ['verify'])
  return globalThis.crypto.subtle.verify({ name: 'Ed25519' }, key, signature, message)
}
