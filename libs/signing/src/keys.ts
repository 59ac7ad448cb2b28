import { createPublicKey, generateKeyPairSync, KeyObject } from 'node:crypto'
import { sha256 } from './digest.js'
import { SignatureError } from './signature-error.js'

/** RFC 8410: the SubjectPublicKeyInfo of every Ed25519 key consists of these 12 bytes and the 32 raw ones. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const RAW_LENGTH = 32
const CACHE_LIMIT = 4096

/** A verification with a cached KeyObject costs half of one that parses the key first. */
const cache = new Map<string, KeyObject>()

export type KeyPair = {
  privateKey: KeyObject
  publicKey: KeyObject
  /** OpenSSH fingerprint, `SHA256:` and 43 characters. */
  keyid: string
  /** SubjectPublicKeyInfo, DER in standard base64. */
  spki: string
}

/** Parses a public key from SPKI in base64 DER; throws `HMS_SIGNATURE_KEY_UNSUPPORTED` for anything but Ed25519. */
export function spkiToKey(spki: string): KeyObject {
  const known = cache.get(spki)
  if (known) return known
  const der = Buffer.from(spki, 'base64')
  const fits = der.length === SPKI_PREFIX.length + RAW_LENGTH && der.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX)
  if (!fits || der.toString('base64') !== spki) throw unsupported()
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  if (cache.size >= CACHE_LIMIT) cache.clear()
  cache.set(spki, key)
  return key
}

export function publicKeyFromRaw(raw: Uint8Array): KeyObject {
  if (raw.length !== RAW_LENGTH) throw unsupported()
  return spkiToKey(Buffer.concat([SPKI_PREFIX, raw]).toString('base64'))
}

/** Returns the SPKI in base64 DER of a public key, or of a private key's public half. */
export function spkiOf(key: KeyObject): string {
  if (key.asymmetricKeyType !== 'ed25519') throw unsupported()
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
}

/** Returns the 32 raw bytes of a public key. */
export function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(spkiOf(key), 'base64').subarray(SPKI_PREFIX.length)
}

/**
 * Returns the key id, the OpenSSH fingerprint as printed by `ssh-keygen -lf` and `ssh-add -l`. Takes the 32 raw bytes or a key (of a
 * private key, its public half). cosign matches key ids only in this form.
 */
export function keyIdOf(key: Uint8Array | KeyObject): string {
  const raw = key instanceof KeyObject ? rawPublicKey(key) : key
  if (raw.length !== RAW_LENGTH) throw unsupported()
  const blob = Buffer.concat([sshString(Buffer.from('ssh-ed25519')), sshString(raw)])
  return sshFingerprint(blob)
}

/** Returns the fingerprint of a public key of any type, given in the form of RFC 4253 §6.6, as printed by `ssh-keygen -lf`. */
export function sshFingerprint(blob: Uint8Array): string {
  return `SHA256:${sha256(blob).toString('base64').replace(/=+$/, '')}`
}

export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey, publicKey, keyid: keyIdOf(publicKey), spki: spkiOf(publicKey) }
}

function sshString(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function unsupported(): SignatureError {
  return new SignatureError('HMS_SIGNATURE_KEY_UNSUPPORTED', 'only Ed25519 keys sign and verify here')
}
