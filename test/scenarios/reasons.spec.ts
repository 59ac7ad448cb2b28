import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEntry, ChangeView, PolicyHistoryEntry } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const WATCHED = { share: 10_000, observeMs: 600_000, bakeMs: 600_000 }
const WHY = 'a reason that nobody else gives'

interface Action {
  what: string
  do: () => Promise<unknown>
  /** Who did it, and as what the log lists it. */
  by: string
  decision: string
  /** Cause of the head that it put in force. */
  cause?: ChangeView['cause']
}

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
  await press.whenState(await press.approve(['pm25@2.0.0=25'], AT_ONCE), 'SUCCEEDED')
})
afterEach(() => system.stop())

const reachesCanary = async (): Promise<number> => {
  const run = await press.approve(['pm25@3.0.0=20'], WATCHED)
  await press.whenState(run, 'CANARY')
  return run
}
const decided = (decision: 'pause' | 'abort' | 'promote') => async () => press.decide(await reachesCanary(), decision, 'EPA Counsel', WHY)

const ACTIONS: Action[] = [
  {
    what: 'an approval',
    do: () => press.approve(['pm25@3.0.0=20'], AT_ONCE, { reason: WHY }),
    by: 'EPA Chief',
    decision: 'approve',
    cause: 'run',
  },
  {
    what: 'break-glass',
    do: () => press.breakGlass(['pm25@3.0.0=20'], ['EPA Chief', 'EPA Counsel'], { reason: WHY }),
    by: 'EPA Counsel',
    decision: 'break-glass',
    cause: 'break-glass',
  },
  {
    what: 'a rollback',
    do: () => press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0', reason: WHY }),
    by: 'operator',
    decision: 'rollback',
    cause: 'rollback',
  },
  {
    what: 'a rollback that people signed',
    do: () => press.signRollback('pm25', '1.0.0', 'EPA Counsel', WHY),
    by: 'EPA Counsel',
    decision: 'rollback',
    cause: 'rollback',
  },
  {
    what: 'a withdrawal',
    do: () => press.withdraw('pm25', 'EPA Counsel', WHY),
    by: 'EPA Counsel',
    decision: 'withdraw',
    cause: 'withdrawal',
  },
  { what: 'a pause', do: decided('pause'), by: 'EPA Counsel', decision: 'pause' },
  { what: 'an abort', do: decided('abort'), by: 'EPA Counsel', decision: 'abort' },
  {
    what: 'an abort of a live release in its bake',
    do: async () => {
      const run = await press.approve(['pm25@3.0.0=20'], { ...WATCHED, observeMs: 0 })
      await press.reaches(run, 'BAKING')
      await press.decide(run, 'abort', 'EPA Counsel', WHY)
    },
    by: 'EPA Counsel',
    decision: 'rollback',
    cause: 'rollback',
  },
  {
    what: 'a rejection',
    do: async () => {
      const run = await press.approve(['pm25@3.0.0=20'], AT_ONCE, { tags: ['critical'] })
      const { digest } = await press.show(run)
      await press.reject(digest, WHY, 'EPA Counsel')
    },
    by: 'EPA Counsel',
    decision: 'reject',
  },
  { what: 'a freeze', do: () => press.freeze({ id: 'drill', reason: WHY }, 'EPA Counsel'), by: 'EPA Counsel', decision: 'freeze' },
]

describe('the reason of', () => {
  it.each(ACTIONS)(
    '$what is listed beside its entry, by name, and where it changed what is in force in history',
    async ({ do: act, by, decision, cause }) => {
      await act()
      const listed = async () =>
        (await press.api.get<AuditEntry[]>('/v1/audit/entries', { by, acts: 'true', limit: 1_000 })).flatMap(({ acts = [] }) => acts)
      await system.runUntil(
        async () => (await listed()).some((each) => each.decision === decision && each.reason?.includes(WHY) === true),
        120_000,
      )
      if (cause === undefined) return
      await system.runUntil(async () => {
        const [newest] = await press.api.get<PolicyHistoryEntry[]>('/v1/policies/pm25/history')
        return newest!.cause === cause && newest!.by?.includes(by) === true && newest!.reason?.includes(WHY) === true
      }, 120_000)
    },
  )

  it('break-glass is a reason where the policy is read, and on its run', async () => {
    const run = await press.breakGlass(['pm25@3.0.0=20'], ['EPA Chief', 'EPA Counsel'], { reason: WHY })
    await system.runUntil(async () => (await press.limit('pm25')) === 20, 60_000)
    expect(await press.provenance('pm25')).toMatchObject({ breakGlass: { reason: WHY } })
    expect((await press.show(run)).breakGlass).toMatchObject({ reason: WHY, by: ['EPA Chief', 'EPA Counsel'] })
  })
})
