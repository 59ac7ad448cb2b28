import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signApproval, submitApproval, submitBreakGlass } from '#libs/client'
import type { AuditEntry, BreakGlass, Ticket } from '#libs/contracts'
import { signRunDecision } from '#libs/signing'
import { ROLLOUTS } from '../../apps/rollout/src/rollouts/rollout.table.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const BAKE_MS = 30_000
const REVIEW_MS = 20 * 60_000

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  const environment = { HMS_APPROVER_BREAK_GLASS_BAKE: '30s', HMS_APPROVER_BREAK_GLASS_REVIEW: '20m' }
  system = await startMemorySystem(environment, undefined, ({ roles }) =>
    roles.push({ name: 'air', principals: ['air-office', 'state-liaison'], threshold: 1, match: { idPrefix: 'air-' } }),
  )
  press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
})
afterEach(() => system.stop())

const signatures = async (prepared: Parameters<typeof signApproval>[0], name: string) => signApproval(prepared, system.signers.get(name)!)

async function reviewOf(run: number): Promise<BreakGlass['review']> {
  return (await press.show(run)).breakGlass!.review
}

async function close(number: number, signer: string, named: { ticket?: number } = { ticket: number }): Promise<Ticket> {
  const { run, attempt, digest: subject } = await press.api.get<Ticket>(`/v1/tickets/${number}`)
  const said = { run, attempt, subject, decision: 'accept' as const, reason: 'it was right', at: system.clock.now(), ...named }
  const statement = await signRunDecision(said, system.signers.get(signer)!)
  return press.api.post<Ticket>(`/v1/tickets/${number}/decisions`, { statement })
}

async function overdue(run: number): Promise<void> {
  await system.runUntil(async () => (await reviewOf(run)).state === 'OVERDUE', REVIEW_MS + 60_000, 60_000)
}

describe('two people together', () => {
  it('bypass simulation and canary, bake, and are named wherever the run is shown', async () => {
    const run = await press.breakGlass(['pm25@2.0.0=25'])
    await press.whenState(run, 'BAKING')
    expect(await press.limit('pm25')).toBe(25)
    const view = await press.show(run)
    expect(view.stages.map(({ stage, verdict }) => [stage, verdict])).toEqual([
      ['lint', 'PASS'],
      ['simulate', 'SKIPPED'],
      ['canary', 'SKIPPED'],
      ['rollout', 'RUNNING'],
      ['notify', 'PENDING'],
    ])
    expect(view.breakGlass).toMatchObject({ reason: 'wrong sensor', by: ['EPA Chief', 'EPA Counsel'], review: { state: 'OPEN' } })
    const began = system.clock.now().getTime()
    await press.reaches(run, 'SUCCEEDED')
    expect(system.clock.now().getTime() - began).toBeGreaterThanOrEqual(BAKE_MS)
    expect(await press.provenance('pm25')).toMatchObject({
      run,
      approvedBy: ['EPA Chief', 'EPA Counsel'],
      breakGlass: { reason: 'wrong sensor' },
    })
  })

  it('open a review that is due within a day, whatever the outcome of the run, and the log has it', async () => {
    const run = await press.breakGlass(['pm25@2.0.0=25'])
    const { ticket, dueAt } = await reviewOf(run)
    const [review] = await press.api.get<Ticket[]>('/v1/tickets')
    expect(review).toMatchObject({ ticket, run, kind: 'BREAK_GLASS_REVIEW', state: 'OPEN', actors: ['EPA Chief', 'EPA Counsel'] })
    expect(Date.parse(dueAt) - Date.parse(review!.openedAt)).toBe(REVIEW_MS)
    const types = async (): Promise<string[]> => (await press.api.get<AuditEntry[]>(`/v1/audit/entries?run=${run}`)).map(({ type }) => type)
    await system.runUntil(async () => (await types()).includes('hms.ticket.opened.v1'), 10_000)
    expect(await types()).toContain('hms.approval.approved.v1')
    expect((await types()).filter((type) => type.startsWith('hms.simulation') || type.startsWith('hms.canary'))).toEqual([])
  })

  it('wait for no freeze, and not for the stop switch', async () => {
    await press.freeze({ id: 'election-week' })
    await press.freeze({ id: 'stop-the-line' })
    await system.settle()
    const run = await press.breakGlass(['pm25@2.0.0=25'])
    await press.whenState(run, 'BAKING')
    expect(await press.limit('pm25')).toBe(25)
  })

  it('are judged again where an earlier version held them by the stop switch for longer than what they signed is good for', async () => {
    await press.freeze({ id: 'stop-the-line' })
    const run = await press.breakGlass(['pm25@2.0.0=25'])
    await press.whenState(run, 'BAKING')
    await press.decide(run, 'pause')
    await press.whenState(run, 'PAUSED')
    const { database } = system.host.runtimes.get('rollout')!
    const stored = async () => (await database.transaction((tx) => tx.documents(ROLLOUTS).get(String(run))))!
    const revision = async (): Promise<number> => (await press.api.get<{ revision: number }>('/v1/snapshot')).revision
    const before = await revision()
    const later = system.clock.now().getTime() + 31 * 60_000
    await system.runUntil(async () => system.clock.now().getTime() >= later, 32 * 60_000)
    const row = await stored()
    await database.transaction((tx) => tx.documents(ROLLOUTS).put({ ...row, state: 'waiting' }))
    await press.lift('stop-the-line', 'Air Office')
    await system.runUntil(async () => (await stored()).state === 'failed', 20_000)
    await system.settle()
    expect(await press.show(run)).toMatchObject({ reason: 'GRANT_EXPIRED' })
    expect(await revision()).toBe(before)
  })

  it('take the place of the canary under way as soon as lint has passed', async () => {
    const active = await press.approve(['pm25@2.0.0=25'])
    await press.whenState(active, 'CANARY')
    const waiting = await press.approve(['pm25@4.0.0=15'], {}, { queue: true })
    const run = await press.breakGlass(['pm25@3.0.0=20'])
    await press.whenState(active, 'SUPERSEDED')
    expect(await press.show(active)).toMatchObject({ reason: 'BREAK_GLASS', supersededBy: run })
    expect(await press.api.get<{ state: string }>(`/v1/canaries/${active}`)).toMatchObject({ state: 'ended' })
    await press.reaches(run, 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(20)
    await press.whenState(waiting, 'STALE')
  })

  it('replace what another run is baking without taking it back first', async () => {
    const active = await press.approve(['pm25@2.0.0=25'], { observeMs: 0, bakeMs: 600_000 })
    await press.whenState(active, 'BAKING')
    const run = await press.breakGlass(['pm25@3.0.0=20'])
    await press.whenState(active, 'SUPERSEDED')
    await press.reaches(run, 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(20)
    await press.passes(60_000)
    expect(await press.limit('pm25')).toBe(20)
    const { database } = system.host.runtimes.get('rollout')!
    expect(await database.transaction((tx) => tx.documents(ROLLOUTS).get(String(active)))).toMatchObject({ state: 'aborted' })
  })

  it('keep what comes after waiting while they bake', async () => {
    await press.whenState(await press.breakGlass(['pm25@2.0.0=25']), 'BAKING')
    await expect(press.approve(['pm25@3.0.0=20'])).rejects.toMatchObject({ code: 'HMS_APPROVER_RUN_ACTIVE' })
    await expect(press.approve(['pm25@3.0.0=20'], {}, { supersede: true })).resolves.toBeGreaterThan(0)
    expect(await press.limit('pm25')).toBe(25)
  })

  it('are rolled back in one step, during the bake and after it', async () => {
    const run = await press.breakGlass(['pm25@2.0.0=25'])
    await press.whenState(run, 'BAKING')
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
    await press.whenState(run, 'ABORTED')
    expect(await press.limit('pm25')).toBe(35)
    expect((await reviewOf(run)).state).toBe('OPEN')
  })

  it('stay named where their rule is in force, after a rollback to it of either kind too', async () => {
    const named = async () => (await press.provenance('pm25')).breakGlass
    await press.reaches(await press.breakGlass(['pm25@2.0.0=25']), 'SUCCEEDED')
    await press.whenState(await press.approve(['pm25@3.0.0=20'], AT_ONCE), 'SUCCEEDED')
    expect(await named()).toBeUndefined()
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '2.0.0' })
    await system.settle()
    expect(await named()).toEqual({ reason: 'wrong sensor' })
    await press.whenState(await press.approve(['pm25@4.0.0=15'], AT_ONCE), 'SUCCEEDED')
    await press.whenState((await press.signRollback('pm25', '2.0.0')).run!, 'SUCCEEDED')
    await system.settle()
    expect(await named()).toEqual({ reason: null })
    expect(await press.api.get('/v1/policies/pm25?version=2.0.0')).toMatchObject({ provenance: { breakGlass: { reason: null } } })
    expect((await press.provenance('pm25')).run).not.toBeNull()
  })

  it('abort it as any run', async () => {
    const run = await press.breakGlass(['pm25@2.0.0=25'])
    await press.whenState(run, 'BAKING')
    await press.decide(run, 'abort')
    await press.whenState(run, 'ABORTED')
    expect(await press.limit('pm25')).toBe(35)
  })

  it('make a bundle live whole', async () => {
    const run = await press.breakGlass(['lead@1.0.0=15', 'pm25@2.0.0=25'])
    await press.reaches(run, 'SUCCEEDED')
    expect([await press.limit('lead'), await press.limit('pm25')]).toEqual([15, 25])
  })

  it('send the same twice, and it counts once', async () => {
    const prepared = await press.prepareBreakGlass(['pm25@2.0.0=25'])
    const both = [await signatures(prepared, 'EPA Chief'), await signatures(prepared, 'EPA Counsel')]
    const [first, second] = [await submitBreakGlass(press.api, prepared, both), await submitBreakGlass(press.api, prepared, both)]
    expect(second.run).toBe(first.run)
    expect(await press.api.get<Ticket[]>('/v1/tickets')).toHaveLength(1)
  })
})

describe('nothing goes in', () => {
  const submit = async (names: string[], policies = ['pm25@2.0.0=25'], options = {}): Promise<unknown> =>
    press.breakGlass(policies, names, options)

  afterEach(async () => {
    await system.settle()
    expect(await press.limit('pm25')).toBe(35)
  })

  it('by one signer', async () => {
    await expect(submit(['EPA Chief'])).rejects.toMatchObject({ code: 'HMS_BREAK_GLASS_ALONE', status: 403 })
    expect(await press.api.get<Ticket[]>('/v1/tickets')).toEqual([])
  })

  it('by the same signer twice', async () => {
    await expect(submit(['EPA Chief', 'EPA Chief'])).rejects.toMatchObject({ code: 'HMS_BREAK_GLASS_ALONE', status: 403 })
  })

  it('by one after the other', async () => {
    const prepared = await press.prepareBreakGlass(['pm25@2.0.0=25'])
    for (const name of ['EPA Chief', 'EPA Counsel'])
      await expect(submitApproval(press.api, prepared, await signatures(prepared, name))).rejects.toMatchObject({
        code: 'HMS_BREAK_GLASS_ALONE',
      })
  })

  it('by an ordinary approval that two sign', async () => {
    const prepared = await press.prepare(['pm25@2.0.0=25'])
    const both = [await signatures(prepared, 'EPA Chief'), await signatures(prepared, 'EPA Counsel')]
    await expect(submitBreakGlass(press.api, prepared, both)).rejects.toMatchObject({ code: 'HMS_BREAK_GLASS_OTHER', status: 422 })
  })

  it('by its author and one more', async () => {
    await expect(submit(['EPA Chief', 'Air Office'], undefined, { author: 'Air Office' })).rejects.toMatchObject({
      code: 'HMS_BREAK_GLASS_ALONE',
      status: 403,
    })
  })

  it('without a reason', async () => {
    await expect(submit(['EPA Chief', 'EPA Counsel'], undefined, { reason: ' ' })).rejects.toMatchObject({ status: 400 })
  })

  it('that lint refuses; the run under way continues, and the review stays', async () => {
    const active = await press.approve(['pm25@3.0.0=20'])
    await press.whenState(active, 'CANARY')
    const run = await press.breakGlass(['pm25@1.0.1=25'])
    await press.whenState(run, 'FAILED')
    expect((await press.show(run)).stages[0]).toMatchObject({ stage: 'lint', verdict: 'FAIL' })
    expect((await press.show(active)).state).toBe('CANARY')
    await expect(press.approve(['pm25@4.0.0=15'])).rejects.toMatchObject({ code: 'HMS_APPROVER_RUN_ACTIVE', status: 409 })
    expect((await reviewOf(run)).state).toBe('OPEN')
  })

  it('by people whose role does not allow it', async () => {
    await expect(submit(['EPA Chief', 'EPA Counsel'], ['air-ozone@1.0.0=70'])).rejects.toMatchObject({
      code: 'HMS_APPROVER_NOT_ELIGIBLE',
      status: 403,
    })
  })

  it('half an hour after it was prepared', async () => {
    const prepared = await press.prepareBreakGlass(['pm25@2.0.0=25'])
    const both = [await signatures(prepared, 'EPA Chief'), await signatures(prepared, 'EPA Counsel')]
    await press.passes(31 * 60_000)
    await expect(submitBreakGlass(press.api, prepared, both)).rejects.toMatchObject({ code: 'HMS_APPROVER_APPROVAL_EXPIRED' })
  })
})

describe('its review', () => {
  it('is closed once, by a person who did not sign, with a statement that names the ticket', async () => {
    const run = await press.breakGlass(['pm25@2.0.0=25'])
    const { ticket } = await reviewOf(run)
    for (const actor of ['EPA Chief', 'EPA Counsel'])
      await expect(close(ticket, actor)).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_NOT_ALLOWED', status: 403 })
    await expect(close(ticket, 'Air Office', {})).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_OTHER', status: 422 })
    const closed = await close(ticket, 'Air Office')
    expect(closed).toMatchObject({ state: 'DECIDED', decided: { by: 'Air Office', statement: { payload: expect.any(String) as string } } })
    expect(await reviewOf(run)).toMatchObject({ state: 'CLOSED', closedBy: 'Air Office' })
    await expect(close(ticket, 'State Liaison')).rejects.toMatchObject({ code: 'HMS_TICKET_CLOSED' })
    await press.passes(REVIEW_MS + 60_000)
    expect((await reviewOf(run)).state).toBe('CLOSED')
  })

  it('locks only its signers when it is overdue, and no rollback', async () => {
    const run = await press.breakGlass(['pm25@2.0.0=25'])
    await press.reaches(run, 'SUCCEEDED')
    await press.whenState(await press.approve(['pm25@3.0.0=20'], AT_ONCE), 'SUCCEEDED')
    await overdue(run)
    for (const signer of ['EPA Chief', 'EPA Counsel'])
      await expect(press.approve(['pm25@4.0.0=15'], AT_ONCE, { signer })).rejects.toMatchObject({
        code: 'HMS_BREAK_GLASS_REVIEW_OVERDUE',
        status: 403,
      })
    await expect(press.breakGlass(['pm25@4.0.0=15'], ['EPA Chief', 'Air Office'])).rejects.toMatchObject({
      code: 'HMS_BREAK_GLASS_REVIEW_OVERDUE',
    })
    const paused = await press.approve(['pm25@6.0.0=14'], { observeMs: 3_600_000 }, { signer: 'Air Office' })
    await press.whenState(paused, 'CANARY')
    await expect(press.decide(paused, 'promote', 'EPA Chief')).rejects.toMatchObject({ code: 'HMS_BREAK_GLASS_REVIEW_OVERDUE' })
    await press.freeze({ id: 'stop-the-line' })
    await expect(press.lift('stop-the-line')).rejects.toMatchObject({ code: 'HMS_BREAK_GLASS_REVIEW_OVERDUE' })
    await press.lift('stop-the-line', 'Air Office')
    await press.decide(paused, 'abort', 'EPA Chief')
    await press.reaches(paused, 'ABORTED')
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '2.0.0' })
    await press.whenState((await press.signRollback('pm25', '1.0.0', 'EPA Chief')).run!, 'SUCCEEDED')
    await press.whenState(await press.approve(['pm25@4.0.0=15'], AT_ONCE, { signer: 'Air Office' }), 'SUCCEEDED')
    const { ticket } = await reviewOf(run)
    expect(await press.api.get<Ticket>(`/v1/tickets/${ticket}`)).toMatchObject({ state: 'OPEN', overdueAt: expect.any(String) as string })
    await close(ticket, 'State Liaison')
    await press.whenState(await press.approve(['pm25@5.0.0=10'], AT_ONCE, { signer: 'EPA Chief' }), 'SUCCEEDED')
  })

  it('keeps locked people from redeclaring a freeze so that it ends or blocks less, and lets them stop the line', async () => {
    const run = await press.breakGlass(['pm25@2.0.0=25'])
    await press.reaches(run, 'SUCCEEDED')
    await overdue(run)
    const [past, future] = [-60_000, 60_000].map((ms) => new Date(system.clock.now().getTime() + ms).toISOString())
    await press.freeze({ id: 'election-week' }, 'Air Office')
    for (const less of [{ until: past }, { until: future }, { from: future }, { scope: 'region:NCR' }])
      await expect(press.freeze({ id: 'election-week', ...less })).rejects.toMatchObject({ code: 'HMS_BREAK_GLASS_REVIEW_OVERDUE' })
    await press.freeze({ id: 'election-week', reason: 'everything, from now on' })
    await press.freeze({ id: 'stop-the-line', until: future }, 'Air Office')
    await press.passes(61_000)
    expect(await press.freeze({ id: 'stop-the-line', scope: 'region:NCR' })).toMatchObject({ state: 'ACTIVE', by: 'EPA Chief' })
  })
})
