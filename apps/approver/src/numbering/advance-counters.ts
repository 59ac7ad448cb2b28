import { ALL_COUNTERS, type CounterAdvance } from '#libs/service'
import { RUN_COUNTER } from '../runs/run.table.js'
import { TICKET_COUNTER } from '../tickets/ticket.table.js'
import { POLICIES } from '../policies/policy.table.js'

/** Advances the numbers of releases, runs and tickets above those people and readers saw. No other process uses the database. */
export async function advanceReleaseCounters({ tx, by }: CounterAdvance): Promise<void> {
  const policies = await tx.documents(POLICIES).find({ limit: ALL_COUNTERS })
  for (const policy of policies) await tx.documents(POLICIES).put({ ...policy, releaseEpoch: policy.releaseEpoch + by })
  const run = await tx.documents(RUN_COUNTER).get('run')
  await tx.documents(RUN_COUNTER).put({ id: 'run', last: (run?.last ?? 0) + by })
  const ticket = await tx.documents(TICKET_COUNTER).get('ticket')
  await tx.documents(TICKET_COUNTER).put({ id: 'ticket', last: (ticket?.last ?? 0) + by })
}
