import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { peekPredicate, type Envelope, type PrepareRequest, type RunView, type ServiceName } from '#libs/contracts'
import { MemoryLog } from '#libs/messaging/testing'
import { DeafBus } from '../support/deaf-bus.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const STAGE_DEADLINE_MS = 15 * 60 * 1000
const WITHIN_MS = 5_000
/** So often a run is looked at on its way to a deadline; when it met it, its events say to the millisecond. */
const SECOND_MS = 1_000
const NCR = { share: 5_000, scope: 'region:NCR' }
const VIRGINIA = { share: 5_000, scope: 'region:VA' }

/** A bus that can be asked what was said on it. */
class BlackHoleBus extends DeafBus {
  constructor(private readonly kept = new MemoryLog()) {
    super(kept)
  }

  /** What was said on a topic, as `type data`. */
  said(topic: string): { type: string; time: string; data: unknown }[] {
    return this.kept.topic(topic).map(({ value }) => peekPredicate(JSON.parse(value!) as Envelope))
  }
}

describe('a stage that never responds', () => {
  let bus: BlackHoleBus
  let system: MemorySystem
  let press: PipelineDriver

  async function start(...deaf: ServiceName[]): Promise<void> {
    bus = new BlackHoleBus()
    for (const service of deaf) bus.deaf.add(service)
    system = await startMemorySystem({}, bus)
    press = new PipelineDriver(system)
  }
  afterEach(() => system.stop())

  it.each<[ServiceName, string, string]>([
    ['linter', 'lint', 'LINTING'],
    ['simulator', 'simulate', 'SIMULATING'],
    ['canary-controller', 'canary', 'CANARY'],
    ['rollout', 'rollout', 'ROLLING_OUT'],
    ['notifier', 'notify', 'NOTIFYING'],
  ])('%s: the run fails within 5 s of the deadline, and names the stage', async (service, stage, state) => {
    await start(service)
    const run = await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 })
    await system.runUntil(async () => (await press.show(run)).state === state, 60_000)
    const since = system.clock.now().getTime()
    await system.runUntil(async () => (await press.show(run)).endedAt !== null, STAGE_DEADLINE_MS + WITHIN_MS, SECOND_MS)
    expect(await press.show(run)).toMatchObject({ state: 'FAILED', reason: 'STAGE_TIMED_OUT' })
    const [said] = bus.said('hms.run.control.v1').filter(({ type }) => type === 'hms.stage.timed-out.v1')
    expect(said).toMatchObject({ data: { run, attempt: 1, stage } })
    expect(Date.parse(said!.time) - since).toBeLessThanOrEqual(STAGE_DEADLINE_MS + WITHIN_MS)
    // Its policy is free: the next run does not wait.
    expect(await press.approve(['pm25@1.1.0=34'], { observeMs: 0, bakeMs: 0 })).toBe(run + 1)
  })

  it('leaves no canary live: what it published is rolled back', async () => {
    await start('rollout')
    const run = await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 })
    await system.runUntil(async () => (await press.show(run)).state === 'ROLLING_OUT', 60_000)
    await system.runUntil(async () => (await press.show(run)).endedAt !== null, STAGE_DEADLINE_MS + WITHIN_MS, SECOND_MS)
    await system.settle()
    expect(await press.api.get<{ state: string }>(`/v1/canaries/${run}`)).toMatchObject({ state: 'ended' })
    const scopes = (await press.api.get<{ documents: { scope: string; digest: string | null }[] }>('/v1/snapshot')).documents
    expect(scopes).toMatchObject([{ scope: 'region:NCR', digest: null }])
  })

  it('ends once: what comes late changes the picture, not the verdict', async () => {
    await start('rollout')
    const run = await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 })
    await system.runUntil(async () => (await press.show(run)).endedAt !== null, STAGE_DEADLINE_MS + 60_000, SECOND_MS)
    const views = bus.said('hms.run.state.v1').map(({ data }) => (data as { view: RunView }).view)
    const ended = views.findIndex((view) => view.endedAt !== null)
    expect(new Set(views.slice(ended).map((view) => view.state))).toEqual(new Set(['FAILED']))
  })
})

describe('a run that waits, and whose stage is never notified that it may continue', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let bus: BlackHoleBus

  beforeEach(async () => {
    bus = new BlackHoleBus()
    system = await startMemorySystem({}, bus)
    press = new PipelineDriver(system)
  })
  afterEach(() => system.stop())

  const fails = async (run: number): Promise<void> => {
    await system.runUntil(async () => (await press.show(run)).endedAt !== null, 2 * 3_600_000, 10 * SECOND_MS)
    expect(await press.show(run)).toMatchObject({ state: 'FAILED', reason: 'STAGE_TIMED_OUT' })
  }

  const hasRegion = async (): Promise<number> => {
    const run = await press.approve(['pm25@1.0.0=35'], { observeMs: 60_000, bakeMs: 0 })
    await press.reaches(run, 'CANARY')
    return run
  }
  const waits = async (policy: string, observeMs = 0): Promise<number> => {
    const run = await press.approve([policy], { observeMs, bakeMs: 0 })
    await press.whenState(run, 'WAITING')
    return run
  }

  it('for a freeze: it fails once the freeze is long over, and not before', async () => {
    await press.freeze({ id: 'drill', scope: 'region:NCR' })
    await system.settle()
    const run = await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 })
    await press.whenState(run, 'WAITING')
    bus.deaf.add('canary-controller')
    await press.passes(2 * 3_600_000)
    expect((await press.show(run)).state).toBe('WAITING')
    await press.lift('drill')
    await fails(run)
  })

  it('for its region: it fails once the run that had it is long over', async () => {
    const first = await hasRegion()
    const run = await waits('ozone@1.0.0=70')
    bus.deaf.add('canary-controller')
    await press.reaches(first, 'SUCCEEDED', 600_000)
    await fails(run)
  })

  it('for its turn in a region: it waits for as long as others have theirs before it, whomever it waited for first', async () => {
    const first = await hasRegion()
    const second = await waits('ozone@1.0.0=70', 2 * 3_600_000)
    const third = await waits('so2@1.0.0=75', 60_000)
    await press.reaches(first, 'SUCCEEDED', 600_000)
    await press.passes(3_600_000)
    expect([(await press.show(second)).state, (await press.show(third)).state]).toEqual(['CANARY', 'WAITING'])
    await press.reaches(third, 'SUCCEEDED', 3 * 3_600_000)
    expect((await press.show(second)).state).toBe('SUCCEEDED')
  })

  it('for its turn in a region, with canary-controller gone: they fail one after the other', async () => {
    const first = await hasRegion()
    const second = await waits('ozone@1.0.0=70')
    const third = await waits('so2@1.0.0=75')
    bus.deaf.add('canary-controller')
    await press.reaches(first, 'SUCCEEDED', 600_000)
    await fails(second)
    await fails(third)
  })

  it.each<[string, PrepareRequest['plan']]>([
    ['ramp that does not grow into a region', { ramp: [NCR, VIRGINIA], observeMs: 10 * 60_000, bakeMs: 0 }],
    ['canary whose observation does not advance', { share: 10_000, scope: 'region:*', observeMs: 10 * 60_000, bakeMs: 0 }],
  ])('for its region, behind a %s while that is frozen: it waits for as long as the freeze lasts', async (_what, plan) => {
    const first = await press.approve(['pm25@1.0.0=35'], plan)
    await press.reaches(first, 'CANARY')
    await press.freeze({ id: 'drill', scope: VIRGINIA.scope })
    await press.reaches(first, 'WAITING', 20 * 60_000)
    expect(await press.show(first)).toMatchObject({ reason: 'FREEZE' })
    const second = await waits('ozone@1.0.0=70')
    expect(await press.show(second)).toMatchObject({ reason: 'REGION_BUSY' })
    await press.passes(2 * 3_600_000)
    expect((await press.show(second)).state).toBe('WAITING')
    await press.lift('drill')
    await press.reaches(second, 'SUCCEEDED', 3_600_000)
  })

  it('for its region, which no run has: it fails, though a freeze keeps another from its first head there', async () => {
    const first = await hasRegion()
    const run = await waits('ozone@1.0.0=70')
    await press.freeze({ id: 'drill', scope: VIRGINIA.scope })
    const frozen = await press.approve(['so2@1.0.0=75'], { scope: 'region:*', observeMs: 0, bakeMs: 0 })
    await press.whenState(frozen, 'WAITING')
    expect(await press.show(frozen)).toMatchObject({ reason: 'FREEZE' })
    bus.deaf.add('canary-controller')
    await press.reaches(first, 'WAITING', 600_000)
    expect(await press.decide(first, 'abort')).toMatchObject({ state: 'ABORTED' })
    await fails(run)
    expect((await press.show(frozen)).state).toBe('WAITING')
  })
})

describe('a rollout that is ended while it bakes', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let bus: BlackHoleBus

  beforeEach(async () => {
    bus = new BlackHoleBus()
    // The bake is longer than the run timeout of approver: its row falls due first.
    system = await startMemorySystem({ HMS_APPROVER_STAGE_DEADLINE: '1s' }, bus)
    press = new PipelineDriver(system)
  })
  afterEach(() => system.stop())

  it('rolls back what it made live, and reports that', async () => {
    await press.whenState(await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
    const run = await press.approve(['pm25@2.0.0=25'], { observeMs: 0, bakeMs: 3_600_000 })
    await system.runUntil(async () => (await press.show(run)).state === 'BAKING', 60_000)
    expect(await press.limit('pm25')).toBe(25)
    const rollout = system.host.runtimes.get('rollout')!
    await rollout.database.transaction(async (tx) => {
      for (const timer of await rollout.timers.pending(tx, 'rollout-bake')) await rollout.timers.cancel(tx, timer.id)
    })
    await system.runUntil(async () => (await press.show(run)).endedAt !== null, 2 * 3_600_000, SECOND_MS)
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'FAILED', reason: 'STAGE_TIMED_OUT' })
    expect(await press.limit('pm25')).toBe(35)
    expect(bus.said('hms.rollout.v1').map(({ type }) => type)).toContain('hms.rollout.reversed.v1')
    // The version can be tried again, on top of the one that is live again.
    await press.whenState(await press.approve(['pm25@2.1.0=25'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
  })
})

describe('a run that lost its timer', () => {
  it('gets it back within a minute, and it is counted', async () => {
    const system = await startMemorySystem()
    const press = new PipelineDriver(system)
    const run = await press.approve(['pm25@1.0.0=35'], { observeMs: 3_600_000 })
    await press.whenState(run, 'CANARY')
    const approver = system.host.runtimes.get('approver')!
    const watched = () => approver.database.transaction((tx) => approver.timers.pending(tx, `run-deadline:${run}`))
    await approver.database.transaction((tx) => approver.timers.cancel(tx, `run-deadline:${run}`))
    expect(await watched()).toEqual([])
    await system.runUntil(async () => (await watched()).length === 1, 61_000)
    expect(await approver.metrics.render()).toContain('hms_svc_repairs_total{service="approver",what="run-timer"} 1\n')
    await system.stop()
  })
})
