import { fromBase64, utf8 } from '#libs/contracts'
import { keyIdOf, type Signer } from '#libs/signing'
import { KeyRefused, REFUSALS } from './key-refused.js'
import { readLocked } from './pbes2.js'

/** A key that is open in this page alone. The private half cannot be read out of it. */
export type OpenKey = Signer

export const MAX_KEY_FILE_BYTES = 16 * 1024
const ED25519 = { name: 'Ed25519' }
const LOCKED = /-----BEGIN ENCRYPTED PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END ENCRYPTED PRIVATE KEY-----/

/** Opens an encrypted PKCS#8 file. Text, passphrase and key stay in the page's memory, unsent. Throws `KeyRefused`. */
export async function openKey(
  pem: string,
  passphrase: string,
  subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle,
): Promise<OpenKey> {
  if (subtle === undefined) throw new KeyRefused(REFUSALS.insecure)
  const plain = await unlock(derOf(pem), passphrase, subtle)
  try {
    const publicKey = await publicHalf(plain, subtle)
    const key = await subtle.importKey('pkcs8', plain, ED25519, false, ['sign'])
    return { keyid: keyIdOf(publicKey), sign: async (bytes) => new Uint8Array(await subtle.sign(ED25519, key, bytes as BufferSource)) }
  } finally {
    plain.fill(0)
  }
}

function derOf(pem: string): Uint8Array {
  if (pem.length > MAX_KEY_FILE_BYTES) throw new KeyRefused(REFUSALS.tooLarge)
  const body = LOCKED.exec(pem)?.[1]
  if (body !== undefined) {
    const der = fromBase64(body.replaceAll(/\s/g, ''))
    if (der.length === 0) throw new KeyRefused(REFUSALS.notAKey)
    return der
  }
  if (pem.includes('-----BEGIN PRIVATE KEY-----')) throw new KeyRefused(REFUSALS.plain)
  throw new KeyRefused(pem.includes('OPENSSH PRIVATE KEY') ? REFUSALS.openssh : REFUSALS.notAKey)
}

/** Decrypts the private key. CBC carries no checksum, so a wrong passphrase and a damaged file look alike. */
async function unlock(der: Uint8Array, passphrase: string, subtle: SubtleCrypto): Promise<Uint8Array<ArrayBuffer>> {
  const { salt, rounds, hash, keyBits, iv, encrypted } = readLocked(der)
  const from = await subtle.importKey('raw', utf8(passphrase) as BufferSource, 'PBKDF2', false, ['deriveKey'])
  const derivation = { name: 'PBKDF2', salt: salt as BufferSource, iterations: rounds, hash }
  const key = await subtle.deriveKey(derivation, from, { name: 'AES-CBC', length: keyBits }, false, ['decrypt'])
  try {
    return new Uint8Array(await subtle.decrypt({ name: 'AES-CBC', iv: iv as BufferSource }, key, encrypted as BufferSource))
  } catch {
    throw new KeyRefused(REFUSALS.passphrase)
  }
}

/** Returns the public half of a private key. WebCrypto gives it only as part of an export of the private key. */
async function publicHalf(plain: Uint8Array<ArrayBuffer>, subtle: SubtleCrypto): Promise<Uint8Array> {
  // OneAsymmetricKey of RFC 8410 §7: what follows version 0 names the algorithm, and 1.3.101.112 is Ed25519.
  const isEd25519 = plain.length >= 12 && [...plain.subarray(5, 12)].join() === '48,5,6,3,43,101,112'
  if (!isEd25519) throw new KeyRefused(plain[0] === 0x30 ? REFUSALS.notEd25519 : REFUSALS.passphrase)
  try {
    const { x = '' } = await subtle.exportKey('jwk', await subtle.importKey('pkcs8', plain, ED25519, true, ['sign']))
    return fromBase64(x)
  } catch {
    throw new KeyRefused(REFUSALS.noEd25519)
  }
}
