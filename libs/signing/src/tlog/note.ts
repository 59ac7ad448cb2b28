import { concatBytes, fromBase64, fromHex, toBase64, toHex, utf8 } from '#libs/contracts'
import { isSignature, sha256, type PublicKey } from '../crypto/node.js'
import { publicKeyFromRaw } from '../keys.js'
import { SignatureError, unlessRefused } from '../signature-error.js'
import type { Signer } from '../signer.js'

/** Signature types of C2SP signed-note and tlog-cosignature. Other types are ignored, so that a log can change its algorithm. */
export const NOTE_ED25519 = 0x01
export const NOTE_COSIGNATURE = 0x04

const MAX_NOTE_BYTES = 64 * 1024
const MAX_LINES = 64
const KEY_ID_BYTES = 4
const TIME_BYTES = 8
const ED25519_BYTES = 64

/** Key of a log or witness that signs notes, parsed from a vkey. */
export interface NoteKey {
  name: string
  /** Key id, 4 bytes as 8 hex digits. */
  id: string
  type: number
  key: PublicKey
}

export interface NoteSignature {
  name: string
  id: string
  bytes: Uint8Array
}

export interface Note {
  /** Signed text, including its last line feed. */
  body: string
  signatures: NoteSignature[]
}

/** Parses `name+hex(id)+base64(type ‖ public key)`. Throws `HMS_NOTE_INVALID` unless the type is one of the two above. */
export function readVkey(vkey: string): NoteKey {
  const [, name, id, text] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(vkey) ?? []
  const bytes = fromBase64(text ?? '')
  const type = bytes[0]
  if (name === undefined || id === undefined || (type !== NOTE_ED25519 && type !== NOTE_COSIGNATURE))
    throw invalid('not a vkey of a known type')
  if (noteKeyId(name, type, bytes.subarray(1)) !== id) throw invalid(`the key id in the vkey of ${name} does not match its key`)
  return { name, id, type, key: publicKeyFromRaw(bytes.subarray(1)) }
}

export function vkeyOf(name: string, type: number, raw: Uint8Array): string {
  return `${name}+${noteKeyId(name, type, raw)}+${toBase64(concatBytes([Uint8Array.of(type), raw]))}`
}

function noteKeyId(name: string, type: number, raw: Uint8Array): string {
  return toHex(sha256(concatBytes([utf8(`${name}\n`), Uint8Array.of(type), raw])).subarray(0, KEY_ID_BYTES))
}

/** Parses a note. Does not verify signatures. */
export function openNote(text: string): Note {
  if (utf8(text).length > MAX_NOTE_BYTES) throw invalid('a note may have at most 64 KiB')
  const end = text.lastIndexOf('\n\n')
  if (end < 0 || !text.endsWith('\n')) throw invalid('a note must be a text, an empty line and signatures')
  const lines = text.slice(end + 2, -1).split('\n')
  if (lines.length > MAX_LINES) throw invalid(`a note may have at most ${MAX_LINES} signatures`)
  return { body: text.slice(0, end + 1), signatures: lines.map(readLine) }
}

/** Formats a signature as a line of a note, with line feed. */
function signatureLine({ name, id }: Pick<NoteKey, 'name' | 'id'>, bytes: Uint8Array): string {
  return `— ${name} ${toBase64(concatBytes([fromHex(id), bytes]))}\n`
}

/** Signs a body and returns the whole note. `signer` has the private half of the log's `key`. */
export async function signNote(body: string, key: Pick<NoteKey, 'name' | 'id'>, signer: Signer): Promise<string> {
  return `${body}\n${signatureLine(key, await signer.sign(utf8(body)))}`
}

/** Returns the signature line by which a witness asserts that it saw this body at `seconds` (Unix time). */
export async function cosign(body: string, seconds: number, key: Pick<NoteKey, 'name' | 'id'>, signer: Signer): Promise<string> {
  const sig = await signer.sign(cosignedBytes(body, seconds))
  const time = new DataView(new ArrayBuffer(TIME_BYTES))
  time.setBigUint64(0, BigInt(seconds))
  return signatureLine(key, concatBytes([new Uint8Array(time.buffer), sig]))
}

/** Returns the first of the `lines` that is a valid signature of `key` on this note; `undefined` if there is none. */
export function cosignatureIn(lines: string, note: string, key: NoteKey): string | undefined {
  return lines
    .split('\n')
    .map((line) => `${line}\n`)
    .find((line) => isSignedBy(key, `${note}${line}`))
}

/** Returns the note with only one signature, by the first of `keys` that signed it; `undefined` if none did. */
export function signedOnlyBy(keys: readonly NoteKey[], note: string): string | undefined {
  const { body } = openNote(note)
  for (const key of keys) {
    const line = cosignatureIn(note.slice(body.length + 1), `${body}\n`, key)
    if (line !== undefined) return `${body}\n${line}`
  }
  return undefined
}

/** Whether `key` signed the note; `false` also if the note or the signature is invalid. */
export function isSignedBy(key: NoteKey, note: string): boolean {
  return unlessRefused(() => verifyNote(openNote(note), [key]).length > 0, false)
}

/** Returns the keys that signed, with the time for a witness (Unix seconds). Throws `HMS_NOTE_INVALID` if a key's signature is invalid. */
export function verifyNote({ body, signatures }: Note, keys: readonly NoteKey[]): { key: NoteKey; seconds?: number }[] {
  return keys.flatMap((key) => {
    const mine = signatures.find(({ name, id }) => name === key.name && id === key.id)
    if (mine === undefined) return []
    const seconds = key.type === NOTE_COSIGNATURE ? timeOf(mine.bytes) : undefined
    const sig = seconds === undefined ? mine.bytes : mine.bytes.subarray(TIME_BYTES)
    const bytes = seconds === undefined ? utf8(body) : cosignedBytes(body, seconds)
    if (sig.length !== ED25519_BYTES || !isSignature(bytes, key.key, sig)) throw invalid(`the signature of ${key.name} is invalid`)
    return [seconds === undefined ? { key } : { key, seconds }]
  })
}

function cosignedBytes(body: string, seconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${seconds}\n${body}`)
}

function timeOf(bytes: Uint8Array): number {
  if (bytes.length < TIME_BYTES) throw invalid('a cosignature must begin with its time')
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))
}

function readLine(line: string): NoteSignature {
  const [, name, text] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
  const bytes = fromBase64(text ?? '')
  if (name === undefined || bytes.length <= KEY_ID_BYTES || toBase64(bytes) !== text) throw invalid('not a signature line')
  return { name, id: toHex(bytes.subarray(0, KEY_ID_BYTES)), bytes: bytes.subarray(KEY_ID_BYTES) }
}

function invalid(detail: string): SignatureError {
  return new SignatureError('HMS_NOTE_INVALID', detail)
}
