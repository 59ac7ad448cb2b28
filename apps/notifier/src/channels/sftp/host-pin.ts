import { sshFingerprint } from '#libs/signing'
import type { ServerHostKeyAlgorithm } from 'ssh2'
import { parseHostKey } from '../../partners/ssh-keys.js'

/** The only host key accepted from a server. */
export interface HostPin {
  /** Public key blob, RFC 4253 §6.6. */
  blob: Buffer
  fingerprint: string
  /** Algorithms that make a server with keys of several types present the registered one. RSA never with SHA-1. */
  algorithms: ServerHostKeyAlgorithm[]
}

export function pinHost(line: string): HostPin | undefined {
  const parsed = parseHostKey(line)
  if (parsed === undefined) return undefined
  const { type, blob } = parsed
  const algorithms: ServerHostKeyAlgorithm[] = type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type as ServerHostKeyAlgorithm]
  return { blob, fingerprint: sshFingerprint(blob), algorithms }
}
