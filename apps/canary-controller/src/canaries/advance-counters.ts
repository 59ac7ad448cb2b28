import { ALL_COUNTERS, type CounterAdvance } from '#libs/service'
import { CANARY_HEADS } from './canary.table.js'

/** Advances the numbers of canary heads above those their cohorts saw. The leases expired long ago, so no head is issued again. */
export async function advanceCanaryCounters({ tx, by }: CounterAdvance): Promise<void> {
  for (const head of await tx.documents(CANARY_HEADS).find({ limit: ALL_COUNTERS }))
    await tx.documents(CANARY_HEADS).put({ ...head, seq: head.seq + by })
}
