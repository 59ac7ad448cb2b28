import { until } from '../../support/processes.js'
import type { Rollback } from './roll-back.js'
import type { RollbackSystem } from './rollback-system.js'

const READY_MS = 60_000

/**
 * With the canary-controller killed while some bots run a canary of the policy itself. No rollback goes back to what that canary stands on:
 * until its lease is over, its cohort would run it again (`docs/adr/0010-canary-is-a-lease.md`).
 */
export async function withoutController(system: RollbackSystem): Promise<Rollback[]> {
  const controller = system.processes.fleet.of('canary-controller')[0]!
  await system.goForward()
  const canary = await system.startCanary({ same: true })
  await controller.killForNow()
  const rollbacks = await system.rollBackWhile('the death of the canary-controller', async () => !(await controller.ready()))
  controller.revive()
  await until('the canary-controller is back', () => controller.ready(), READY_MS)
  await system.approver.ended(canary.run)
  return rollbacks
}
