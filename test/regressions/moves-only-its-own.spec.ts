import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decide } from '#libs/client'
import { peekPredicate, type Envelope, type EventData } from '#libs/contracts'
import type { HeadPredicate } from '#libs/signing'
import { LateBus } from '../support/late-bus.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const LATER_MS = 7_200_000

/** Lists the heads that it carried. */
class HeadBus extends LateBus {
  /** The run of the newest release in each head for everybody, in their order. */
  runsOfHeads(): (number | undefined)[] {
    return this.heard.topic('hms.config.head.v1').flatMap(({ value }) => {
      const { heads } = peekPredicate<{ data: EventData['hms.head.issued.v1'] }>(JSON.parse(value!) as Envelope).data
      const predicates = heads.map(({ head }) => peekPredicate<HeadPredicate>(head))
      return predicates.filter(({ scope }) => scope === 'global').map(({ run, next }) => next?.run ?? run)
    })
  }
}

/** A rollout without events for minutes reverted or reissued heads that the run after its own had moved meanwhile. */
describe('a rollout that is notified late of the end of its run', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let bus: HeadBus
  let later: string
  beforeEach(async () => {
    bus = new HeadBus()
    system = await startMemorySystem({ HMS_APPROVER_PAUSE_DEADLINE: '30m' }, bus)
    press = new PipelineDriver(system)
    later = new Date(system.clock.now().getTime() + LATER_MS).toISOString()
    await press.reaches(await approve('pm25@1.0.0=35'), 'SUCCEEDED')
  })
  afterEach(() => system.stop())

  const approve = (policy: string, effective?: string, observeMs = 0): Promise<number> =>
    press.approve([policy], { observeMs, bakeMs: 0 }, { effective })

  it('rolls back nothing of the run after it', async () => {
    bus.keepFrom('rollout')
    await press.reaches(await approve('pm25@2.0.0=25', later), 'FAILED', LATER_MS / 2)
    const next = await approve('pm25@3.0.0=20', later)
    await press.reaches(next, 'ROLLING_OUT')
    await bus.letHear('rollout')
    await press.reaches(next, 'WAITING')
    await press.passes(LATER_MS)
    expect([await press.limit('pm25'), (await press.show(next)).state]).toEqual([20, 'SUCCEEDED'])
  })

  it('reissues nothing of it when people resumed it before', async () => {
    const run = await approve('pm25@2.0.0=25', later, 1_000)
    await press.reaches(run, 'CANARY')
    bus.keepFrom('config-store')
    await press.reaches(run, 'ROLLING_OUT')
    await press.decide(run, 'pause')
    await press.reaches(run, 'PAUSED')
    await bus.letHear('config-store')
    bus.keepFrom('rollout')
    // Its stage, which has to respond, receives it later.
    const unheard = decide(press.api, run, 'resume', {
      reason: 'test',
      signer: system.signers.get('EPA Chief')!,
      at: system.clock.now(),
      waitMs: 1_000,
    })
    await expect(unheard).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_UNANSWERED' })
    await press.reaches(run, 'ABORTED', LATER_MS / 2)
    const next = await approve('pm25@3.0.0=20', later)
    await press.reaches(next, 'ROLLING_OUT')
    await bus.letHear('rollout')
    await press.reaches(next, 'WAITING')
    expect(bus.runsOfHeads()).toEqual([1, run, next])
  })
})
