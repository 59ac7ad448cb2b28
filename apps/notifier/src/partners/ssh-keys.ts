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

/**
 * Parses an OpenSSH public key line `TYPE BASE64 [COMMENT]` (RFC 4253 §6.6) into the blob that a server presents. `undefined` if the line
 * is invalid, or its type differs from the type in the blob.
 */
export function parseHostKey(line: string): { type: string; blob: Buffer } | undefined {
  const [type = '', encoded = ''] = line.trim().split(/[ \t]+/)
  if (/[\r\n]/.test(line.trim()) || !TYPES.includes(type) || !BASE64.test(encoded)) return undefined
  const blob = Buffer.from(encoded, 'base64')
  if (blob.length < 4) return undefined
  const length = blob.readUInt32BE(0)
  return blob.subarray(4, 4 + length).toString('latin1') === type && blob.length > 4 + length ? { type, blob } : undefined
}

/** Whether a text is the PEM form of a private key; the sender of the channel reports whether it can be read. */
export function isPrivateKeyText(text: string): boolean {
  return /^-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----\r?\n[\s\S]+\n-----END ([A-Z0-9]+ )*PRIVATE KEY-----\s*$/.test(text.trimStart())
}
