import type { PolicyHistoryEntry } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { LIVE_HEADS } from '../heads/live-history.js'
import { recordOf } from './policy-at.js'

/** Behind it a page ends, for readers take no answer of any size. */
const PAGE_BYTES = 4 * 1024 * 1024

/** Entries with the head and the releases that prove each. Entries of one head are never parted, for the next page begins below it. */
export async function withRecords(tx: Transaction, policy: string, entries: readonly PolicyHistoryEntry[]): Promise<PolicyHistoryEntry[]> {
  const found: PolicyHistoryEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    const last = found.at(-1)
    if (bytes > PAGE_BYTES && entry.seq !== last?.seq) break
    const head = await tx.documents(LIVE_HEADS).get(`${policy}:${entry.seq}`)
    const record = entry.seq === last?.seq ? last.record : head && (await recordOf(tx, policy, head))
    found.push(record === undefined ? entry : { ...entry, record })
    bytes += JSON.stringify(found.at(-1)).length
  }
  return found
}
