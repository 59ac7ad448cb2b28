import { ALL_COUNTERS, type MoveAhead } from '#libs/service'
import { CANARY_HEADS } from './canary.table.js'

/** Canary heads are numbered on above what their cohorts saw. Their leases ended long ago, so none is issued again. */
export async function moveCanariesAhead({ tx, by }: MoveAhead): Promise<void> {
  for (const head of await tx.documents(CANARY_HEADS).find({ limit: ALL_COUNTERS }))
    await tx.documents(CANARY_HEADS).put({ ...head, seq: head.seq + by })
}
