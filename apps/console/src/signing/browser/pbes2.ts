import { toHex } from '#libs/contracts'
import { KeyRefused, REFUSALS } from './key-refused.js'

/** Parameters by which a key file is encrypted: PBES2 of RFC 8018 §6.2 with PBKDF2 and AES-CBC. */
export interface LockedKey {
  salt: Uint8Array
  rounds: number
  hash: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'
  keyBits: 128 | 256
  iv: Uint8Array
  encrypted: Uint8Array
}

const PBES2 = '2a864886f70d01050d'
const PBKDF2 = '2a864886f70d01050c'
const SCRYPT = '2b06010401da47040b'
/** Hash functions by OID; SHA-1 is used if a file names none (RFC 8018 §A.2). */
const HASHES: Record<string, LockedKey['hash']> = {
  '2a864886f70d0207': 'SHA-1',
  '2a864886f70d0209': 'SHA-256',
  '2a864886f70d020a': 'SHA-384',
  '2a864886f70d020b': 'SHA-512',
}
/** Key lengths of AES-CBC by OID, without AES-192, which browsers do not have. */
const CIPHERS: Record<string, LockedKey['keyBits']> = { '60864801650304012a': 256, '608648016503040102': 128 }
/** Limit of rounds. A derivation with this many takes some ten seconds; a file with more would only block the page. */
const MAX_ROUNDS = 10_000_000

/** Reads EncryptedPrivateKeyInfo (RFC 5958 §3). If a browser cannot open the file, throws `KeyRefused`, which says what to do. */
export function readLocked(der: Uint8Array): LockedKey {
  const [algorithm, encrypted] = membersOf(readElement(der), 2)
  const [scheme, parameters] = membersOf(algorithm, 2)
  if (oidOf(scheme!) !== PBES2 || encrypted!.tag !== TAGS.octets) throw new KeyRefused(REFUSALS.cipher)
  const [derivation, cipher] = membersOf(parameters, 2)
  const [kdf, kdfParameters] = membersOf(derivation, 2)
  if (oidOf(kdf!) === SCRYPT) throw new KeyRefused(REFUSALS.scrypt)
  if (oidOf(kdf!) !== PBKDF2) throw new KeyRefused(REFUSALS.cipher)
  const [salt, rounds, ...options] = membersOf(kdfParameters, 2)
  const [encryption, iv] = membersOf(cipher, 2)
  const keyBits = CIPHERS[oidOf(encryption!)]
  const prf = options.find(({ tag }) => tag === TAGS.sequence)
  const hash = prf === undefined ? 'SHA-1' : HASHES[oidOf(membersOf(prf, 1)[0]!)]
  if (keyBits === undefined || hash === undefined || salt!.tag !== TAGS.octets || iv!.tag !== TAGS.octets)
    throw new KeyRefused(REFUSALS.cipher)
  return { salt: salt!.content, rounds: countOf(rounds!), hash, keyBits, iv: iv!.content, encrypted: encrypted!.content }
}

function membersOf(element: Element | undefined, atLeast: number): Element[] {
  const members = element?.tag === TAGS.sequence ? elementsOf(element.content) : undefined
  if (members === undefined || members.length < atLeast) throw new KeyRefused(REFUSALS.cipher)
  return members
}

function oidOf({ tag, content }: Element): string {
  return tag === TAGS.oid ? toHex(content) : ''
}

function countOf({ tag, content }: Element): number {
  if (tag !== TAGS.integer || content.length > 6) throw new KeyRefused(REFUSALS.rounds)
  const rounds = content.reduce((sum, byte) => sum * 256 + byte, 0)
  if (rounds < 1 || rounds > MAX_ROUNDS) throw new KeyRefused(REFUSALS.rounds)
  return rounds
}

interface Element {
  tag: number
  content: Uint8Array
  rest: Uint8Array
}

/** Reads the first element; `undefined` for what is cut off or longer than any key file. */
function readElement(bytes: Uint8Array): Element | undefined {
  const [tag, short] = bytes
  if (tag === undefined || short === undefined) return undefined
  const extra = short < 0x80 ? 0 : short - 0x80
  if (extra > 2 || bytes.length < 2 + extra) return undefined
  const length = extra === 0 ? short : bytes.subarray(2, 2 + extra).reduce((sum, byte) => sum * 256 + byte, 0)
  const start = 2 + extra
  if (bytes.length < start + length) return undefined
  return { tag, content: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) }
}

/** All elements of a content, in order; `undefined` when it does not divide into elements. */
function elementsOf(content: Uint8Array): Element[] | undefined {
  const elements: Element[] = []
  for (let rest = content; rest.length > 0;) {
    const element = readElement(rest)
    if (element === undefined) return undefined
    elements.push(element)
    rest = element.rest
  }
  return elements
}

const TAGS = { integer: 0x02, octets: 0x04, oid: 0x06, sequence: 0x30 } as const
