import type { PassphraseOptions } from '../keys/passphrase.js'

export interface SignedReason extends PassphraseOptions {
  sign: string
  reason: string
}
