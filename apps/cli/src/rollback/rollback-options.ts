import type { PassphraseOptions } from '../keys/passphrase.js'

export interface RollbackOptions extends PassphraseOptions {
  only?: boolean
  reason?: string
  publicReason?: string
  sign?: string
}
