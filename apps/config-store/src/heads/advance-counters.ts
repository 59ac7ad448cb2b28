import { ALL_COUNTERS, type CounterAdvance } from '#libs/service'
import { ENVIRONMENT, REVISIONS } from './head.table.js'

/**
 * Advances the revision counter above the revisions readers saw; each reader gets a snapshot, because the skipped revisions were never
 * stored here.
 */
export async function advanceRevisionCounter({ tx, by }: CounterAdvance): Promise<void> {
  const counter = await tx.documents(ENVIRONMENT).get('environment')
  await tx.documents(ENVIRONMENT).put({ id: 'environment', revision: (counter?.revision ?? 0) + by })
  for (const { revision } of await tx.documents(REVISIONS).find({ limit: ALL_COUNTERS }))
    await tx.documents(REVISIONS).delete(String(revision))
}
