import type { Envelope } from '#libs/contracts'
import { columns, documentTable } from '#libs/persistence'

/** One person's signed request to withdraw a release. Its policy is withdrawn once enough people have signed. */
export interface Withdrawal {
  /** Digest of the statement; repeating the statement changes nothing. */
  id: string
  policy: string
  /** Digest of the release to withdraw. */
  release: string
  version: string
  /** Roster id of the person who signed. */
  by: string
  reason: string
  publicReason?: string
  statement: Envelope
  signedAt: string
  state: 'waiting' | 'carried-out'
  /** `seq` of the head that withdrew the release; `null` while signatures are missing. */
  seq: number | null
}

export const WITHDRAWALS = documentTable<Withdrawal>({
  name: 'withdrawal',
  id: ({ id }) => id,
  keys: columns({ release: 'text', state: 'text' }),
  indexes: [['release', 'state']],
  keep: { for: 'machinery' },
})
