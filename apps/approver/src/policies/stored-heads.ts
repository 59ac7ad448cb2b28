import type { ReleaseDocument } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { Upcoming } from '#libs/service'
import { asOf, policyAt, type PolicyRecord } from './policy.table.js'

/** Verified stable head from config-store that approver has not received yet. Used in checks; it never changes a policy's record. */
export interface StoredHead {
  policy: string
  seq: number
  live: ReleaseDocument | null
  next?: Upcoming
}

/** Returns the record at `now` as it will be once approver has received the head; unchanged if approver already has it. */
export function withStoredHead(record: PolicyRecord, heads: readonly StoredHead[] | undefined, now: Date): PolicyRecord {
  const head = awaitedHead(record, heads)
  if (head === undefined) return record
  const { next: _before, ...rest } = record
  const gone = head.live === null && record.live !== null ? { withdrawn: record.live.version } : {}
  return asOf({ ...rest, ...gone, live: head.live, liveSeq: head.seq, ...(head.next === undefined ? {} : { next: head.next }) }, now)
}

/** Returns the policy's head that approver has not received yet, if any. */
export function awaitedHead({ id, liveSeq }: PolicyRecord, heads: readonly StoredHead[] = []): StoredHead | undefined {
  return heads.find(({ policy, seq }) => policy === id && seq > liveSeq)
}

/** Returns the live releases of these policies, by id, as they will be once approver has received the heads. */
export async function liveReleases(
  tx: Transaction,
  ids: readonly string[],
  heads: readonly StoredHead[] | undefined,
): Promise<Record<string, ReleaseDocument | null>> {
  const live: Record<string, ReleaseDocument | null> = {}
  for (const id of ids) {
    const policy = await policyAt(tx, id)
    live[id] = policy === undefined ? null : withStoredHead(policy, heads, tx.now).live
  }
  return live
}
