import type { Transaction } from '#libs/persistence'
import { LIVE_HEADS, type LiveHead } from '../heads/live-history.js'

/** Heads read at once. */
export const PAGE = 50
/** Limit of heads of one policy that one query may read: far more than people sign in a decade. */
export const MAX_HEADS = 5_000

/** Returns heads, newest first; without `seq` from the newest of all. */
export function headsBelow(tx: Transaction, policy: string, seq: number | undefined, limit = PAGE): Promise<LiveHead[]> {
  return tx.documents(LIVE_HEADS).find({ where: { policy }, orderBy: 'seq', descending: true, after: seq, limit })
}
