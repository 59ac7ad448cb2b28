import { hms, until } from '../../support/processes.js'
import type { Rollback } from './roll-back.js'
import type { RollbackSystem } from './rollback-system.js'

const HELD_MS = 30_000

/** While the stop switch is on, and holds the run of another policy. */
export async function duringFreeze(system: RollbackSystem): Promise<Rollback[]> {
  const { approver, processes } = system
  const stopTheLine = async (state: 'on' | 'off'): Promise<void> => {
    const done = await hms(['stop-the-line', state, '--reason', 'drill', '--sign', 'EPA Chief'], processes.env, HELD_MS)
    if (done.code !== 0) throw new Error(`stop-the-line ${state}: exit ${done.code}: ${done.stderr}`)
  }
  await stopTheLine('on')
  const run = await approver.approve('epa-lead-limit', { observeMs: 0, bakeMs: 0 })
  const isHeld = async (): Promise<boolean> => {
    const { state, reason } = await approver.show(run)
    return state === 'WAITING' && reason === 'FREEZE'
  }
  await until(`run ${run} is held`, isHeld, HELD_MS)
  const rollbacks = await system.rollBackWhile('the freeze', isHeld)
  await approver.abort(run)
  await stopTheLine('off')
  return rollbacks
}
