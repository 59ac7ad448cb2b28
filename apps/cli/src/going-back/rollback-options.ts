import type { PassphraseOptions } from '../keys/passphrase.js'

export interface RollbackOptions extends PassphraseOptions {
  only?: boolean
  reason?: string
  sign?: string
}
