import { createCipheriv, createPrivateKey, type KeyObject, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { KeyError } from './key-error.js'

/** Number of rounds that OWASP recommends for PBKDF2-HMAC-SHA256; one derivation takes 130 to 260 ms on a server core. */
export const PBKDF2_ROUNDS = 600_000

/** Limit of a passphrase. OpenSSL reads passphrases into a buffer of 1,024 bytes, so a key with a longer one could not be opened again. */
const MAX_PASSPHRASE_BYTES = 1000

const ENCRYPTED = 'ENCRYPTED PRIVATE KEY'

/** Returns the encrypted PKCS#8 PEM of a private key, which Node and `openssl pkey` can open. */
export async function encryptPrivateKey(
  key: KeyObject,
  passphrase: string,
  { rounds = PBKDF2_ROUNDS }: { rounds?: number } = {},
): Promise<string> {
  if (passphrase === '') throw new KeyError('HMS_KEY_PASSPHRASE', 'a passphrase must not be empty')
  if (Buffer.byteLength(passphrase) > MAX_PASSPHRASE_BYTES)
    throw new KeyError('HMS_KEY_PASSPHRASE', `a passphrase has at most ${MAX_PASSPHRASE_BYTES} bytes`)
  const plain = key.export({ format: 'der', type: 'pkcs8' })
  const encrypted = await encryptPbes2(plain, passphrase, rounds)
  plain.fill(0)
  const lines = encrypted.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${ENCRYPTED}-----`, ...lines, `-----END ${ENCRYPTED}-----`, ''].join('\n')
}

/** Opens an encrypted PKCS#8 PEM. Throws `HMS_KEY_UNREADABLE`, and `HMS_KEY_PASSPHRASE` for a wrong passphrase or damaged bytes. */
export function decryptPrivateKey(pem: string, passphrase: string): KeyObject {
  const body = /-----BEGIN ENCRYPTED PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END ENCRYPTED PRIVATE KEY-----/.exec(pem)?.[1]
  if (body === undefined || !isPbes2(Buffer.from(body, 'base64'))) throw unreadable('this is not an encrypted PKCS#8 key')
  return requireEd25519(openWith(pem, passphrase))
}

/** Opens a plain PKCS#8 PEM, the format of services' keys. */
export function readPlainKey(pem: string): KeyObject {
  try {
    return requireEd25519(createPrivateKey(pem))
  } catch (error) {
    if (error instanceof KeyError) throw error
    throw unreadable('this is not an unencrypted PKCS#8 key')
  }
}

function openWith(pem: string, passphrase: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, passphrase })
  } catch {
    throw new KeyError('HMS_KEY_PASSPHRASE', 'wrong passphrase (or the key file is damaged)')
  }
}

function requireEd25519(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'ed25519') throw unreadable(`an Ed25519 key is needed, this one is ${key.asymmetricKeyType}`)
  return key
}

function unreadable(detail: string): KeyError {
  return new KeyError('HMS_KEY_UNREADABLE', detail)
}

const PBES2 = oid('2a864886f70d01050d')
const PBKDF2 = oid('2a864886f70d01050c')
const HMAC_SHA256 = oid('2a864886f70d0209')
const AES_256_CBC = oid('60864801650304012a')
const NULL = Buffer.from([0x05, 0x00])

/** Encodes EncryptedPrivateKeyInfo (RFC 5958) in DER by PBES2 and AES-256-CBC. Node itself uses 2,048 rounds, far too few. */
async function encryptPbes2(plain: Uint8Array, passphrase: string, rounds: number): Promise<Buffer> {
  const salt = randomBytes(16)
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', await promisify(pbkdf2)(passphrase, salt, rounds, 32, 'sha256'), iv)
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()])
  const kdf = sequence(PBKDF2, sequence(octets(salt), integer(rounds), sequence(HMAC_SHA256, NULL)))
  const scheme = sequence(AES_256_CBC, octets(iv))
  return sequence(sequence(PBES2, sequence(kdf, scheme)), octets(encrypted))
}

/** Whether the bytes have the layout written by `encryptPbes2` and `openssl pkcs8 -topk8 -v2`. */
function isPbes2(der: Buffer): boolean {
  const body = contentOf(der, 0x30)
  const algorithm = body && contentOf(body, 0x30, false)
  return algorithm?.subarray(0, PBES2.length).equals(PBES2) ?? false
}

function oid(hex: string): Buffer {
  return element(0x06, Buffer.from(hex, 'hex'))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts))
}

function octets(bytes: Buffer): Buffer {
  return element(0x04, bytes)
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  const first = bytes.findIndex((byte) => byte !== 0)
  const short = bytes.subarray(first)
  // DER integers are signed, so a leading zero byte keeps a set top bit from meaning a negative number.
  return element(0x02, short.readUInt8(0) > 0x7f ? Buffer.concat([Buffer.alloc(1), short]) : short)
}

function element(tag: number, content: Buffer): Buffer {
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

/** Returns the content of the first DER element; `undefined` if it is invalid or has another tag. `isLast`: no bytes may follow it. */
function contentOf(der: Buffer, tag: number, isLast = true): Buffer | undefined {
  const short = der[1] ?? 0
  const extra = short < 0x80 ? 0 : short - 0x80
  if (der[0] !== tag || extra > 2 || der.length < 2 + extra) return undefined
  const length = extra === 0 ? short : der.readUIntBE(2, extra)
  const end = 2 + extra + length
  return (isLast ? der.length === end : der.length >= end) ? der.subarray(2 + extra, end) : undefined
}
