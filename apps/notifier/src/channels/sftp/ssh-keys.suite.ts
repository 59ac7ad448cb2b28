import ssh2 from 'ssh2'

const { generateKeyPairSync } = ssh2.utils

/** Length of a complete public key blob: a name of 11 bytes and a key of 32, each after its length. */
const WHOLE_BYTES = 4 + 11 + 4 + 32

/**
 * Generates an ed25519 pair. ssh2 cuts leading zeros off the public key, which makes one pair of 256 unreadable: such a pair is
 * regenerated.
 */
export function ed25519Keys(options?: { passphrase: string; cipher: string; rounds: number }): ReturnType<typeof generateKeyPairSync> {
  for (;;) {
    const pair = generateKeyPairSync('ed25519', options)
    if (Buffer.from(pair.public.split(' ')[1]!, 'base64').length === WHOLE_BYTES) return pair
  }
}
