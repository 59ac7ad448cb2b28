import type { Transaction } from '#libs/persistence'
import type { Roster } from '#libs/signing'
import { takeRoster, type ServiceRuntime } from '#libs/service'
import { MAX_PROPOSALS, ROSTER_PROPOSALS } from './proposal.table.js'

/** One at a time changes what is in force, and each looks first what another instance made of it. */
export async function lockRoster(tx: Transaction, runtime: ServiceRuntime): Promise<Roster> {
  await tx.lock(['roster'])
  await runtime.rosters.catchUp(tx)
  return runtime.roster
}

/** Brings a complete next roster into force, tells everybody, and forgets the proposals that stood beside it. */
export async function rotateRoster(tx: Transaction, runtime: ServiceRuntime, next: Roster): Promise<void> {
  const { version, envelope } = next
  await takeRoster(tx, next, runtime.rosters, (topic) => runtime.signal(topic))
  await runtime.emit(tx, 'hms.roster.rotated.v1', { version, envelope }, { key: String(version) })
  const proposals = tx.documents(ROSTER_PROPOSALS)
  for (const { digest } of await proposals.find({ limit: MAX_PROPOSALS })) await proposals.delete(digest)
}
