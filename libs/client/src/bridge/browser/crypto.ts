// Replaces `node:crypto` in the browser bundle: the SDK's own verification code runs on WebCrypto here.
import { Buffer } from './buffer.js'
import { sha256Of } from './sha256.js'

type Bytes = Buffer

const ED25519 = { name: 'Ed25519' }
/** RFC 8410: the SubjectPublicKeyInfo of every Ed25519 key consists of these 12 bytes and the 32 raw ones. */
const SPKI_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00)
const ENCODER = new TextEncoder()

/** A public Ed25519 key. */
export class KeyObject {
  readonly type = 'public'
  readonly asymmetricKeyType = 'ed25519'
  private imported: Promise<unknown> | undefined

  constructor(readonly raw: Uint8Array) {}

  export(): Bytes {
    return Buffer.concat([SPKI_PREFIX, this.raw]) as Bytes
  }

  inWebCrypto(): Promise<unknown> {
    return (this.imported ??= subtle().importKey('raw', this.raw, ED25519, false, ['verify']))
  }
}

/** Creates a public key. `key` is a SubjectPublicKeyInfo whose prefix and length the caller has checked. */
export function createPublicKey({ key }: { key: Uint8Array }): KeyObject {
  return new KeyObject(Uint8Array.from(key.subarray(SPKI_PREFIX.length)))
}

interface Hash {
  update(data: Uint8Array | string): Hash
  digest(): Bytes
  digest(encoding: 'hex' | 'base64'): string
}

export function createHash(_algorithm: 'sha256'): Hash {
  const parts: Uint8Array[] = []
  const digest = (encoding?: 'hex' | 'base64'): never => {
    const bytes = Buffer.from(sha256Of(parts))
    return (encoding === undefined ? bytes : bytes.toString(encoding)) as never
  }
  const hash: Hash = {
    update(data) {
      parts.push(typeof data === 'string' ? ENCODER.encode(data) : data)
      return hash
    },
    digest,
  }
  return hash
}

export function hash(algorithm: 'sha256', data: Uint8Array | string, encoding: 'hex' | 'buffer'): Bytes | string {
  const made = createHash(algorithm).update(data)
  return encoding === 'buffer' ? made.digest() : made.digest(encoding)
}

interface Question {
  bytes: Uint8Array
  key: KeyObject
  sig: Uint8Array
}

/** Maximum cached signature results: more than a frame of 10,000 documents needs. */
const MAX_ANSWERS = 65_536
/** A valid document needs one round for all its signatures; each invalid one may cause another round. */
const MAX_ROUNDS = 64
const answers = new Map<string, boolean>()
let questions: Map<string, Question> | undefined

/** Returns the result that `prove` has computed. Throws for a signature that was not proven, so nothing passes unverified by omission. */
export function verify(_algorithm: null, bytes: Uint8Array, key: KeyObject, sig: Uint8Array): boolean {
  const name = nameOf({ bytes, key, sig })
  const known = answers.get(name)
  if (known !== undefined) return known
  if (questions === undefined) throw new Error('a signature was not proven before it was asked for')
  questions.set(name, { bytes, key, sig })
  return true
}

/**
 * Verifies with WebCrypto every signature that `check` needs, so that `check` can then run synchronously. A trial run first assumes each
 * signature to be valid and only collects the needed ones; `check` must have no side effects, and results and errors of trial runs are
 * discarded.
 */
export async function prove(check: () => void): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const asked = tryOut(check)
    if (asked.size === 0) return
    const found = await Promise.all([...asked].map(async ([name, question]) => [name, await isTrue(question)] as const))
    for (const [name, answer] of found) keep(name, answer)
  }
}

/** Whether this browser can verify: Ed25519 is in WebCrypto since Chrome 137, Firefox 129 and Safari 17, on secure origins. */
export async function canVerify(): Promise<boolean> {
  try {
    await subtle().generateKey(ED25519, false, ['sign', 'verify'])
    return true
  } catch {
    return false
  }
}

function tryOut(check: () => void): Map<string, Question> {
  const asked = (questions = new Map<string, Question>())
  try {
    check()
  } catch {
    // Errors of a trial run are discarded.
  } finally {
    questions = undefined
  }
  return asked
}

async function isTrue({ bytes, key, sig }: Question): Promise<boolean> {
  try {
    return await subtle().verify(ED25519, await key.inWebCrypto(), sig, bytes)
  } catch {
    // Not a point of the curve, or not 64 bytes: Node returns false too.
    return false
  }
}

function keep(name: string, answer: boolean): void {
  answers.delete(name)
  answers.set(name, answer)
  if (answers.size > MAX_ANSWERS) answers.delete(answers.keys().next().value as string)
}

function nameOf({ bytes, key, sig }: Question): string {
  const lengths = ENCODER.encode(`${sig.length} ${bytes.length} `)
  return Buffer.from(sha256Of([key.raw, lengths, sig, bytes])).toString('base64')
}

interface Subtle {
  importKey(format: 'raw', key: Uint8Array, algorithm: object, extractable: boolean, usages: string[]): Promise<unknown>
  verify(algorithm: object, key: unknown, signature: Uint8Array, data: Uint8Array): Promise<boolean>
  generateKey(algorithm: object, extractable: boolean, usages: string[]): Promise<unknown>
}

function subtle(): Subtle {
  const { crypto } = globalThis as { crypto?: { subtle?: unknown } }
  if (crypto?.subtle === undefined) throw new Error('no WebCrypto: the page is not from a secure origin')
  return crypto.subtle as Subtle
}

/** The verifying modules also sign and create keys. A page does neither, so these are never called. */
function absent(): never {
  throw new Error('a page signs nothing')
}

export { absent as generateKeyPairSync, absent as randomBytes, absent as randomUUID, absent as sign, absent as timingSafeEqual }
