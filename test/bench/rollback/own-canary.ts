import type { Rollback } from './roll-back.js'
import type { Canary, RollbackSystem } from './rollback-system.js'

/** While some bots run a canary of the policy itself: each rollback ends that run. */
export async function duringOwnCanary(system: RollbackSystem): Promise<Rollback[]> {
  let canary: Canary
  return system.rollBackEach(
    async () => {
      canary = await system.startCanary({ same: true })
    },
    () => system.approver.ended(canary.run),
  )
}
