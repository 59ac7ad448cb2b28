import { createPublicKey } from 'node:crypto'
import ssh2 from 'ssh2'

const MIN_RSA_BITS = 2048

/** Returns why a private key cannot be used for login; `undefined` if it can. The text contains no part of the key. */
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
