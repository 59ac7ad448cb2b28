import { ALL_COUNTERS, type MoveAhead } from '#libs/service'
import { ENVIRONMENT, REVISIONS } from './head.table.js'

/** Revisions go on above what readers saw; each gets a snapshot, for what lies between was never stored here. */
export async function moveRevisionAhead({ tx, by }: MoveAhead): Promise<void> {
  const counter = await tx.documents(ENVIRONMENT).get('environment')
  await tx.documents(ENVIRONMENT).put({ id: 'environment', revision: (counter?.revision ?? 0) + by })
  for (const { revision } of await tx.documents(REVISIONS).find({ limit: ALL_COUNTERS }))
    await tx.documents(REVISIONS).delete(String(revision))
}
