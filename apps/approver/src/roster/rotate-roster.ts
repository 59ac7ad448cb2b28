import type { Transaction } from '#libs/persistence'
import type { Roster } from '#libs/signing'
import { takeRoster, type ServiceRuntime } from '#libs/service'
import { MAX_PROPOSALS, ROSTER_PROPOSALS } from './proposal.table.js'

/** Locks the roster and returns the one in force, which another instance may have changed. */
export async function lockRoster(tx: Transaction, runtime: ServiceRuntime): Promise<Roster> {
  await tx.lock(['roster'])
  await runtime.rosters.catchUp(tx)
  return runtime.roster
}

/** Puts a complete next roster into force, notifies other services, and deletes the other proposals. */
export async function rotateRoster(tx: Transaction, runtime: ServiceRuntime, next: Roster): Promise<void> {
  const { version, envelope } = next
  await takeRoster(tx, next, runtime.rosters, (topic) => runtime.signal(topic))
  await runtime.emit(tx, 'hms.roster.rotated.v1', { version, envelope }, { key: String(version) })
  const proposals = tx.documents(ROSTER_PROPOSALS)
  for (const { digest } of await proposals.find({ limit: MAX_PROPOSALS })) await proposals.delete(digest)
}
