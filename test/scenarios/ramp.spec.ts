import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PolicyView, PrepareRequest, RunStage } from '#libs/contracts'
import { renderRun } from '../../apps/cli/src/output/render-run.js'
import { signRunDecision } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const STEPS = [
  { share: 5_000, scope: 'region:NCR' },
  { share: 10_000, scope: 'region:NCR' },
  { share: 2_500, scope: 'region:*' },
]
const PLAN: PrepareRequest['plan'] = { ramp: STEPS, observeMs: 60_000, bakeMs: 30_000 }
/** Bots by name, some of each region. */
const BOTS = Array.from({ length: 24 }, (_, index) => ({ bot: `bot-${index}`, region: ['NCR', 'VA', 'MD'][index % 3]! }))

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
})
afterEach(() => system.stop())

const canaryOf = async (run: number): Promise<RunStage> => (await press.show(run)).stages.find(({ stage }) => stage === 'canary')!
const cohort = async (): Promise<string[]> => {
  const seen = await Promise.all(BOTS.map((reader) => press.api.get<PolicyView>('/v1/policies/pm25', reader)))
  return BOTS.filter((_bot, index) => seen[index]!.value['limit'] === 25).map(({ bot }) => bot)
}
const atStep = (run: number, step: number): Promise<void> =>
  system.runUntil(
    async () =>
      (await canaryOf(run)).label?.endsWith(`step ${step} of 3`) === true && (await canaryOf(run)).detail.includes('observed until'),
    120_000,
  )

let alerts = 0
async function alert(bot: string, region: string): Promise<void> {
  const reading = { id: `r${++alerts}`, at: '2026-01-01T00:00:00Z', region, pm25: 5 }
  await press.api.post('/v1/alerts', { id: `a${alerts}`, bot, region, kind: 'Violation', value: 5, reading })
}

describe('a ramp', () => {
  it('grows step by step, each observed and judged separately, and ends with the rollout to all readers', async () => {
    const run = await press.approve(['pm25@2.0.0=25'], PLAN)
    const cohorts: string[][] = []
    for (const step of [1, 2, 3]) {
      await atStep(run, step)
      cohorts.push(await cohort())
    }
    for (const [index, bots] of cohorts.entries()) expect(bots).toEqual(expect.arrayContaining(cohorts[index - 1] ?? []))
    expect(cohorts[1]).toEqual(BOTS.filter(({ region }) => region === 'NCR').map(({ bot }) => bot))
    expect(cohorts[2]!.length).toBeGreaterThan(cohorts[1]!.length)
    expect(await press.limit('pm25')).toBe(35)
    await press.reaches(run, 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(25)
    const view = await press.show(run)
    const { steps, startedAt } = await canaryOf(run)
    expect(steps!.map(({ step, requestedShare, scope }) => [step, requestedShare, scope])).toEqual([
      [1, 5_000, 'region:NCR'],
      [2, 10_000, 'region:NCR'],
      [3, 2_500, 'region:*'],
    ])
    expect(Date.parse(steps!.at(-1)!.endedAt) - Date.parse(startedAt!)).toBeGreaterThanOrEqual(3 * 60_000)
    expect(renderRun(view).join('\n')).toMatch(/step 2, 100% of National Capital Region: PASS \(realised 100%, /)
  })

  it('is rolled back as a whole by alerts in any step, and in the bake', async () => {
    const run = await press.approve(['pm25@2.0.0=25'], PLAN)
    await atStep(run, 1)
    const [first] = await cohort()
    await alert(first!, 'NCR')
    await atStep(run, 3)
    const inVirginia = (await cohort()).find((bot) => BOTS.some((each) => each.bot === bot && each.region !== 'NCR'))!
    await alert(inVirginia, BOTS.find(({ bot }) => bot === inVirginia)!.region)
    await press.whenState(run, 'ROLLED_BACK')
    await system.settle()
    expect(await cohort()).toEqual([])
    const again = await press.approve(['pm25@3.0.0=25'], PLAN)
    await press.reaches(again, 'BAKING', 400_000)
    await alert(first!, 'NCR')
    await alert(inVirginia, BOTS.find(({ bot }) => bot === inVirginia)!.region)
    await press.whenState(again, 'ROLLED_BACK')
    await system.settle()
    expect(await press.limit('pm25')).toBe(35)
  })

  it('does not grow into a region during its freeze, and keeps what it has', async () => {
    await press.freeze({ id: 'drill', scope: 'region:BOS' })
    await system.settle()
    const run = await press.approve(['pm25@2.0.0=25'], PLAN)
    await atStep(run, 2)
    await press.reaches(run, 'WAITING')
    expect(await press.show(run)).toMatchObject({ reason: 'FREEZE' })
    const before = await cohort()
    await press.passes(10 * 60_000)
    expect([(await press.show(run)).state, await cohort()]).toEqual(['WAITING', before])
    await press.lift('drill')
    await atStep(run, 3)
    expect((await cohort()).length).toBeGreaterThan(before.length)
  })

  it('has all its regions from the first step on', async () => {
    const run = await press.approve(['pm25@2.0.0=25'], PLAN)
    await atStep(run, 1)
    const other = await press.approve(['ozone@1.0.0=70'], { scope: 'region:VA', observeMs: 0, bakeMs: 0 })
    await press.whenState(other, 'WAITING')
    expect(await press.show(other)).toMatchObject({ reason: 'REGION_BUSY' })
    await press.decide(run, 'abort')
    await press.whenState(other, 'SUCCEEDED')
  })

  it('continues to its next step when people promote it, and not to all readers', async () => {
    const run = await press.approve(['pm25@2.0.0=25'], PLAN)
    await atStep(run, 1)
    await press.decide(run, 'promote')
    await atStep(run, 2)
    expect((await canaryOf(run)).steps).toMatchObject([{ step: 1, basis: 'promoted' }])
  })
})

describe('a promotion', () => {
  it('that was signed in an earlier step passes no later one', async () => {
    const run = await press.approve(['pm25@2.0.0=25'], PLAN)
    await atStep(run, 1)
    const { digest } = await press.show(run)
    const said = { run, attempt: 1, subject: digest, decision: 'promote' as const, reason: 'enough seen', at: system.clock.now() }
    const statement = await signRunDecision(said, system.signers.get('EPA Chief')!)
    await atStep(run, 2)
    await press.api.post(`/v1/runs/${run}/decisions`, { statement })
    await system.settle()
    expect((await press.show(run)).decisions).toMatchObject([{ decision: 'promote', outcome: 'late' }])
    expect((await canaryOf(run)).steps).toHaveLength(1)
  })
})

describe('a ramp that is refused', () => {
  it.each([
    ['shrinks', { ramp: [STEPS[1]!, STEPS[0]!] }, /is not more than step 1: a cohort only grows/],
    ['comes back to a region', { ramp: [STEPS[2]!, STEPS[1]!] }, /comes after a step of all regions/],
    ['has a share beside it', { ramp: STEPS, share: 500 }, /leave out share and scope/],
  ])('%s', async (_what, plan, detail) => {
    await expect(press.approve(['pm25@2.0.0=25'], plan)).rejects.toMatchObject({
      code: 'HMS_RAMP_INVALID',
      status: 400,
      detail: expect.stringMatching(detail) as string,
    })
  })

  it('is another than the one that was signed', async () => {
    const signed = { tags: ['critical'] }
    await press.approve(['so2@1.0.0=9'], PLAN, signed)
    const countersign = press.approve(['so2@1.0.0=9'], { ramp: STEPS.slice(0, 2) }, { ...signed, signer: 'EPA Counsel' })
    await expect(countersign).rejects.toMatchObject({
      code: 'HMS_APPROVER_PLAN_DIFFERS',
      detail: expect.stringMatching(/the ramp is 50% NCR, 100% NCR, 25%, 100%/) as string,
    })
  })
})
