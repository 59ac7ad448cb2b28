import type { Envelope } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** One person's signed wish to withdraw a release. Enough of them for one release retire its policy. */
export interface Withdrawal {
  /** Digest of the statement: the same again changes nothing. */
  id: string
  policy: string
  /** Digest of the release that it is about. */
  release: string
  version: string
  /** Principal of the roster. */
  by: string
  reason: string
  publicReason?: string
  statement: Envelope
  signedAt: string
  state: 'waiting' | 'carried-out'
  /** Of the head that withdrew it. */
  seq: number | null
}

export const WITHDRAWALS = documentTable<Withdrawal>({
  name: 'withdrawal',
  id: ({ id }) => id,
  keys: { release: { type: 'text', of: ({ release }) => release }, state: { type: 'text', of: ({ state }) => state } },
  indexes: [['release', 'state']],
  keep: { for: 'machinery' },
})
