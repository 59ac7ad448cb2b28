import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { concatBytes, fromBase64, isSameBytes, remembered, toBase64, utf8 } from '#libs/contracts'
import { isSmallOrder, SPKI_PREFIX } from './crypto/ed25519.js'
import { importKey, rawKeyOf, sha256, type PublicKey } from './crypto/node.js'
import { SignatureError } from './signature-error.js'

const RAW_LENGTH = 32
const CACHE_LIMIT = 4096

/** Parsed keys by SPKI. With a cached key a verification takes half as long as with parsing. */
const cache = new Map<string, PublicKey>()

export type KeyPair = {
  privateKey: KeyObject
  publicKey: KeyObject
  /** OpenSSH fingerprint, `SHA256:` and 43 characters. */
  keyid: string
  /** SubjectPublicKeyInfo, DER in standard base64. */
  spki: string
}

/** Parses a public key from SPKI in base64 DER. Throws `HMS_SIGNATURE_KEY_UNSUPPORTED` unless it is a strong Ed25519 key. */
export function spkiToKey(spki: string): PublicKey {
  return remembered(cache, CACHE_LIMIT, spki, () => importKey(rawFromSpki(spki)))
}

/** Returns the 32 raw bytes of a public key, SPKI in base64 DER. Throws as `spkiToKey`, which takes ten times as long. */
export function rawFromSpki(spki: string): Uint8Array {
  const der = fromBase64(spki)
  const raw = der.subarray(SPKI_PREFIX.length)
  const isEd25519 = raw.length === RAW_LENGTH && isSameBytes(der.subarray(0, SPKI_PREFIX.length), SPKI_PREFIX)
  if (!isEd25519 || toBase64(der) !== spki || !isStrong(raw)) throw unsupported()
  return raw
}

export function publicKeyFromRaw(raw: Uint8Array): PublicKey {
  if (raw.length !== RAW_LENGTH) throw unsupported()
  return spkiToKey(spkiFrom(raw))
}

/** Returns the SPKI in base64 DER of a public key, or of a private key's public half. */
export function spkiOf(key: PublicKey): string {
  return spkiFrom(rawPublicKey(key))
}

/** Returns the 32 raw bytes of a public key, or of a private key's public half. */
export function rawPublicKey(key: PublicKey): Uint8Array {
  if (key.asymmetricKeyType !== 'ed25519') throw unsupported()
  return rawKeyOf(key)
}

/** Returns the key id, OpenSSH's fingerprint: the only form that cosign matches. `key`: raw public bytes, a public key or a private key. */
export function keyIdOf(key: Uint8Array | PublicKey): string {
  const raw = key instanceof Uint8Array ? key : rawPublicKey(key)
  if (raw.length !== RAW_LENGTH) throw unsupported()
  return sshFingerprint(sshKeyBlob(raw))
}

/** Encodes the 32 raw bytes of a public key in the form of RFC 4253 §6.6. */
export function sshKeyBlob(raw: Uint8Array): Uint8Array {
  return concatBytes([sshString(utf8('ssh-ed25519')), sshString(raw)])
}

/** Returns the fingerprint, as printed by `ssh-keygen -lf`, of a public key of any type in the encoding of RFC 4253 §6.6. */
export function sshFingerprint(blob: Uint8Array): string {
  return `SHA256:${toBase64(sha256(blob)).replace(/=+$/, '')}`
}

export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey, publicKey, keyid: keyIdOf(publicKey), spki: spkiOf(publicKey) }
}

function spkiFrom(raw: Uint8Array): string {
  return toBase64(concatBytes([SPKI_PREFIX, raw]))
}

/** Whether a key is the canonical encoding of a point (RFC 8032 §5.1.3: y is below 2^255 − 19) that is not of small order. */
function isStrong(raw: Uint8Array): boolean {
  const isCanonical = raw[0]! < 0xed || (raw[RAW_LENGTH - 1]! & 0x7f) !== 0x7f || raw.subarray(1, -1).some((byte) => byte !== 0xff)
  return isCanonical && !isSmallOrder(raw)
}

/** Encodes a string of the SSH protocol, RFC 4251 §5. */
export function sshString(bytes: Uint8Array): Uint8Array {
  const length = new DataView(new ArrayBuffer(4))
  length.setUint32(0, bytes.length)
  return concatBytes([new Uint8Array(length.buffer), bytes])
}

function unsupported(): SignatureError {
  return new SignatureError('HMS_SIGNATURE_KEY_UNSUPPORTED', 'only Ed25519 keys are supported')
}
