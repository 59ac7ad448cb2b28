import crypto, { type KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

const publicBytes = new WeakMap<KeyObject, Buffer>()

/**
 * A keyed digest takes the place of Ed25519 in this process: a seed makes and checks a few hundred signatures, and at 70 and 235 µs each
 * they were measured to take nine tenths of it. Envelopes, statements, key ids and rosters stay what they are; the signatures themselves
 * have their tests in `libs/signing`, and one seed in a run is played with the true ones.
 */
export function useQuickSignatures(): () => void {
  const { sign, verify, randomBytes } = crypto
  let drawn = 0
  Object.assign(crypto, {
    // Ids must differ, not be secret; half of the time of a UUID was the call for random bytes.
    randomBytes: (size: number) => counted(size, ++drawn),
    sign: (_algorithm: null, bytes: Uint8Array, key: KeyObject) => digest(key, bytes),
    verify: (_algorithm: null, bytes: Uint8Array, key: KeyObject, signature: Buffer) => digest(key, bytes).equals(signature),
  })
  syncBuiltinESMExports()
  return () => {
    Object.assign(crypto, { sign, verify, randomBytes })
    syncBuiltinESMExports()
  }
}

function counted(size: number, number: number): Buffer {
  const bytes = Buffer.alloc(size)
  bytes.writeUIntBE(number, size - 6, 6)
  return bytes
}

/** As long as a signature of Ed25519. */
function digest(key: KeyObject, bytes: Uint8Array): Buffer {
  let known = publicBytes.get(key)
  if (known === undefined) {
    const publicKey = key.type === 'private' ? crypto.createPublicKey(key) : key
    publicBytes.set(key, (known = publicKey.export({ format: 'der', type: 'spki' })))
  }
  return crypto.hash('sha512', Buffer.concat([known, bytes]), 'buffer')
}
