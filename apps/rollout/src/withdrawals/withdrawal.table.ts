import type { Envelope } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** One person's signed request to withdraw a release. Enough of them for one release retire its policy. */
export interface Withdrawal {
  /** Digest of the statement: a repeated one changes nothing. */
  id: string
  policy: string
  /** Digest of the release to withdraw. */
  release: string
  version: string
  /** Id of the roster's principal. */
  by: string
  reason: string
  publicReason?: string
  statement: Envelope
  signedAt: string
  state: 'waiting' | 'carried-out'
  /** Number of the head that withdrew it. */
  seq: number | null
}

export const WITHDRAWALS = documentTable<Withdrawal>({
  name: 'withdrawal',
  id: ({ id }) => id,
  keys: { release: { type: 'text', of: ({ release }) => release }, state: { type: 'text', of: ({ state }) => state } },
  indexes: [['release', 'state']],
  keep: { for: 'machinery' },
})
