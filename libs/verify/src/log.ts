import { createHash, verify, type KeyObject } from 'node:crypto'
import { BundleRefused } from './refused.js'
import { isObject, rawKey, type Json } from './statement.js'

const ED25519 = 0x01
const COSIGNATURE = 0x04

export interface LogKey {
  name: string
  id: string
  type: number
  key: KeyObject
}

export interface LogKeys {
  log: LogKey
  witnesses: LogKey[]
  quorum: number
  /** End of the validity of these keys, ms since the epoch; a checkpoint witnessed later is refused. Infinity for the current log. */
  untilMs: number
}

/** Result of a proof: entry index, checkpoint size, and the time by which the quorum of witnesses had signed (ms since the epoch). */
export interface Proven {
  index: number
  size: number
  witnessedAtMs: number
}

/** Parses a C2SP vkey: `name+id+base64(type, key)`. */
export function readLogKey(vkey: string): LogKey {
  const [, name = '', id = '', text = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(vkey) ?? []
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== 33 || createHash('sha256').update(`${name}\n`).update(bytes).digest('hex').slice(0, 8) !== id)
    throw refused('a vkey of the roster is malformed')
  return { name, id, type: bytes[0]!, key: rawKey(bytes.subarray(1)) }
}

/** Verifies a C2SP tlog-proof of `entry`, with a quorum of witnesses. `logs`: current one, whose refusal is thrown, then earlier ones. */
export function verifyProof(entry: string, text: string, logs: readonly LogKeys[]): Proven {
  let refusal: unknown
  for (const keys of logs) {
    try {
      return verifyProofOf(entry, text, keys)
    } catch (error) {
      refusal ??= error
    }
  }
  throw refusal
}

function verifyProofOf(entry: string, text: string, keys: LogKeys): Proven {
  const end = text.indexOf('\n\n')
  const [magic, place = '', ...path] = text.slice(0, Math.max(end, 0)).split('\n')
  const [, index] = /^index (0|[1-9]\d{0,15})$/.exec(place) ?? []
  if (magic !== 'c2sp.org/tlog-proof@v1' || index === undefined || path.length > 53) throw refused('it is not a tlog-proof')
  const { size, root, witnessedAtMs } = verifyCheckpoint(text.slice(end + 2), keys)
  if (!leads(entry, Number(index), size, path.map(hashOf), root)) throw refused('the log does not contain this entry at this index')
  return { index: Number(index), size, witnessedAtMs }
}

/** Whether an approval commits to `leaf` (canonical JSON). `releases`: root and size of an RFC 6962 tree. `member`: index and path. */
export function isMember(leaf: string, member: Json | undefined, releases: Json | undefined): boolean {
  if (!isObject(member) || !isObject(releases) || !Array.isArray(member['path'])) return false
  const [index, size] = [member['index'], releases['size']]
  if (typeof index !== 'number' || typeof size !== 'number' || !Number.isSafeInteger(index) || index < 0) return false
  const path = member['path'].map((hash) => hashOf(String(hash)))
  return leads(leaf, index, size, path, hashOf(String(releases['root']))) // guard: bundle-member
}

function verifyCheckpoint(
  note: string,
  { log, witnesses, quorum, untilMs }: LogKeys,
): { size: number; root: Buffer; witnessedAtMs: number } {
  const end = note.lastIndexOf('\n\n')
  const body = note.slice(0, end + 1)
  const lines = note
    .slice(end + 2, -1)
    .split('\n')
    .map(readLine)
  const [, origin, size, hash] = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]+=*)\n$/.exec(body) ?? []
  if (end < 0 || !note.endsWith('\n') || size === undefined || hash === undefined) throw refused('its checkpoint is not a note')
  const bytesOf = ({ name, id }: LogKey): Buffer | undefined => lines.find((line) => line.name === name && line.id === id)?.bytes
  const own = bytesOf(log)
  if (origin !== log.name || log.type !== ED25519 || own === undefined || !verify(null, Buffer.from(body), log.key, own))
    throw refused('the log did not sign its checkpoint')
  const times = witnesses.flatMap((witness) => {
    const bytes = witness.type === COSIGNATURE ? bytesOf(witness) : undefined
    if (bytes === undefined) return []
    const seconds = Number(bytes.readBigUInt64BE())
    if (!verify(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${body}`), witness.key, bytes.subarray(8)))
      throw refused(`the signature of ${witness.name} is invalid`)
    return [seconds]
  })
  if (quorum < 1 || times.length < quorum)
    throw refused(`${times.length} witnesses signed its checkpoint, but ${Math.max(quorum, 1)} are required`)
  const witnessedAtMs = times.sort((a, b) => a - b)[quorum - 1]! * 1_000
  if (Number.isNaN(new Date(witnessedAtMs).getTime())) throw refused('the time of its witnesses is out of range')
  if (witnessedAtMs >= untilMs) throw refused('its log had been retired before the witnesses signed it') // guard: bundle-earlier-end
  return { size: Number(size), root: hashOf(hash), witnessedAtMs }
}

function readLine(line: string): { name: string; id: string; bytes: Buffer } {
  const [, name, text] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
  const bytes = Buffer.from(text ?? '', 'base64')
  if (name === undefined || bytes.length < 4 + 8 + 1 || bytes.toString('base64') !== text) throw refused('a signature line is malformed')
  return { name, id: bytes.subarray(0, 4).toString('hex'), bytes: bytes.subarray(4) }
}

/** Whether the path leads from the leaf to the root (RFC 9162 §2.1.3.2). */
function leads(leaf: string, index: number, size: number, path: readonly Buffer[], root: Buffer): boolean {
  if (index >= size) return false
  let [at, last] = [index, size - 1]
  let hash = createHash('sha256').update(Uint8Array.of(0)).update(leaf).digest()
  for (const sibling of path) {
    if (last === 0) return false
    const isRight = at % 2 === 1 || at === last
    hash = createHash('sha256')
      .update(Uint8Array.of(1))
      .update(isRight ? sibling : hash)
      .update(isRight ? hash : sibling)
      .digest()
    if (isRight) while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 && hash.equals(root)
}

function hashOf(text: string): Buffer {
  const hash = Buffer.from(text, 'base64')
  if (hash.length !== 32 || hash.toString('base64') !== text) throw refused('a hash is malformed')
  return hash
}

function refused(why: string): BundleRefused {
  return new BundleRefused('HMS_VERIFY_PROOF', `the proof is refused: ${why}`)
}
