import { createPrivateKey, type KeyObject } from 'node:crypto'
import { encryptPbes2, isPbes2 } from './pbes2.js'
import { KeyError } from './key-error.js'

/** OWASP's recommendation for PBKDF2-HMAC-SHA256; one derivation takes 130 to 260 ms on a server core. */
export const PBKDF2_ROUNDS = 600_000

/** OpenSSL reads a passphrase into a buffer of 1,024 bytes: a longer one would create a file that cannot be opened again. */
const MAX_PASSPHRASE_BYTES = 1000

const ENCRYPTED = 'ENCRYPTED PRIVATE KEY'

/** Returns the encrypted PKCS#8 PEM of a private key, which Node and `openssl pkey` can open. */
export async function encryptPrivateKey(
  key: KeyObject,
  passphrase: string,
  { rounds = PBKDF2_ROUNDS }: { rounds?: number } = {},
): Promise<string> {
  if (passphrase === '') throw new KeyError('HMS_KEY_PASSPHRASE', 'a passphrase must not be empty')
  if (Buffer.byteLength(passphrase) > MAX_PASSPHRASE_BYTES) {
    throw new KeyError('HMS_KEY_PASSPHRASE', `a passphrase has at most ${MAX_PASSPHRASE_BYTES} bytes`)
  }
  const plain = key.export({ format: 'der', type: 'pkcs8' })
  const encrypted = await encryptPbes2(plain, passphrase, rounds)
  plain.fill(0)
  const lines = encrypted.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${ENCRYPTED}-----`, ...lines, `-----END ${ENCRYPTED}-----`, ''].join('\n')
}

/**
 * Opens an encrypted PKCS#8 PEM; blocks for one key derivation. Throws `HMS_KEY_UNREADABLE` for other files. CBC has no checksum, so a
 * wrong passphrase and damaged ciphertext are indistinguishable: both are `HMS_KEY_PASSPHRASE`.
 */
export function decryptPrivateKey(pem: string, passphrase: string): KeyObject {
  const body = /-----BEGIN ENCRYPTED PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END ENCRYPTED PRIVATE KEY-----/.exec(pem)?.[1]
  if (body === undefined || !isPbes2(Buffer.from(body, 'base64'))) throw unreadable('this is no encrypted PKCS#8 key')
  return requireEd25519(openWith(pem, passphrase))
}

/** Opens a plain PKCS#8 PEM, the format of services' keys. */
export function readPlainKey(pem: string): KeyObject {
  try {
    return requireEd25519(createPrivateKey(pem))
  } catch (error) {
    if (error instanceof KeyError) throw error
    throw unreadable('this is no plain PKCS#8 key')
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
