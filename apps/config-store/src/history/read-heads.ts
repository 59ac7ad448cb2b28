import type { Transaction } from '#libs/persistence'
import { LIVE_HEADS, type LiveHead } from '../heads/live-history.js'

/** Heads that are read at once. */
export const PAGE = 50
/** Heads of one policy that one question may read: far more than people sign in a decade. */
export const MAX_HEADS = 5_000

/** The newest first; without `seq` from the newest of all on. */
export function headsBelow(tx: Transaction, policy: string, seq: number | undefined, limit = PAGE): Promise<LiveHead[]> {
  return tx.documents(LIVE_HEADS).find({ where: { policy }, orderBy: 'seq', descending: true, after: seq, limit })
}
