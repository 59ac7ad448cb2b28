import { policyKey } from '#libs/messaging'
import { ALL_COUNTERS, type CounterAdvance } from '#libs/service'
import { HEAD_AGAIN } from './reissue-heads.js'
import { STABLES } from './stable.table.js'

/**
 * Reissues every stable head under a number above those readers saw: until then they refuse new heads. No other process uses the database.
 */
export async function advanceHeadCounters({ tx, by, schedule }: CounterAdvance): Promise<void> {
  const stables = await tx.documents(STABLES).find({ limit: ALL_COUNTERS })
  for (const stable of stables) {
    const { policy } = stable
    await tx.documents(STABLES).put({ ...stable, seq: stable.seq + by })
    await schedule({ id: `head-again:${policy}`, kind: HEAD_AGAIN, keys: [policyKey(policy)], data: { policy }, dueAt: tx.now })
  }
}
