import type { Rollback } from './roll-back.js'
import type { RollbackSystem } from './rollback-system.js'

/** While some bots run the canary of another policy. */
export async function duringOtherCanary(system: RollbackSystem): Promise<Rollback[]> {
  const canary = await system.startCanary({ same: false })
  const rollbacks = await system.rollBackWhile('the canary', () => system.shows(canary))
  await system.approver.abort(canary.run)
  return rollbacks
}
