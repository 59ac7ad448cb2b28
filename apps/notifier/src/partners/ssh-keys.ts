import { sshFingerprint } from '#libs/signing'
import { createPublicKey } from 'node:crypto'
import ssh2, { type ServerHostKeyAlgorithm } from 'ssh2'

const TYPES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-256',
  'rsa-sha2-512',
  'ssh-rsa',
]
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** The only host key accepted from a server. */
export interface HostPin {
  /** Public key blob, RFC 4253 §6.6. */
  blob: Buffer
  fingerprint: string
  /** Host key algorithms to offer, so that a server with several key types presents the registered one. SHA-1 is never offered for RSA. */
  algorithms: ServerHostKeyAlgorithm[]
}

/** Parses an OpenSSH public key line `TYPE BASE64 [COMMENT]`. `undefined` if it is invalid, or its type differs from the blob's type. */
export function pinHost(line: string): HostPin | undefined {
  const [type = '', encoded = ''] = line.trim().split(/[ \t]+/)
  if (/[\r\n]/.test(line.trim()) || !TYPES.includes(type) || !BASE64.test(encoded)) return undefined
  const blob = Buffer.from(encoded, 'base64')
  if (blob.length < 4) return undefined
  const end = 4 + blob.readUInt32BE(0)
  if (blob.subarray(4, end).toString('latin1') !== type || blob.length <= end) return undefined
  const algorithms = type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]
  return { blob, fingerprint: sshFingerprint(blob), algorithms: algorithms as ServerHostKeyAlgorithm[] }
}

/** Whether a text is the PEM form of a private key; the sender of the channel reports whether it can be read. */
export function isPrivateKeyText(text: string): boolean {
  return /^-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----\r?\n[\s\S]+\n-----END ([A-Z0-9]+ )*PRIVATE KEY-----\s*$/.test(text.trimStart())
}

const MIN_RSA_BITS = 2048

/** Returns why a private key cannot be used for login; `undefined` if it can. The returned reason contains no part of the key. */
export function userKeyRefusal(text: string): string | undefined {
  const parsed = ssh2.utils.parseKey(text)
  if (parsed instanceof Error) {
    if (/encrypted/i.test(parsed.message)) return 'the key has a passphrase; make one without: ssh-keygen -t ed25519 -N "" -f FILE'
    return 'the key cannot be read; make one with ssh-keygen -t ed25519 -N "" -f FILE'
  }
  const [key] = [parsed].flat()
  if (key === undefined || !key.isPrivateKey()) return 'this is a public key; the private one signs in'
  if (key.type === 'ssh-ed25519' || key.type.startsWith('ecdsa-sha2-')) return undefined
  if (key.type !== 'ssh-rsa') return `keys of type ${key.type} are too weak; use ed25519, ecdsa or rsa`
  const bits = createPublicKey(key.getPublicPEM()).asymmetricKeyDetails?.modulusLength ?? 0
  return bits >= MIN_RSA_BITS ? undefined : `the RSA key has ${bits} bits; ${MIN_RSA_BITS} or more are needed`
}
