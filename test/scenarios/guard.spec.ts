import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, type Envelope, type GuardJudged, type RunView } from '#libs/contracts'
import { prepareApproval, signApproval, submitApproval } from '#libs/client'
import { MemoryBus, MemoryLog } from '#libs/messaging/testing'
import { parsePolicy } from '#libs/policy'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const STEP = 'previous == null || double(next.limit) <= double(previous.limit) * 1.5'
const EACH_PASSES = ['lint PASS', 'simulate PASS', 'canary PASS', 'rollout PASS', 'notify PASS']
const TOO_BIG = 'A limit grows to at most 1.5 times the previous one.'

describe('guard rules', () => {
  let log: MemoryLog
  let system: MemorySystem
  let press: PipelineDriver

  beforeAll(async () => {
    log = new MemoryLog()
    system = await startMemorySystem({}, new MemoryBus(log))
    press = new PipelineDriver(system)
    await succeed(await press.approve(['pm25@1.0.0=20'], AT_ONCE, { tags: ['air'] }))
  })

  afterAll(() => system.stop())

  it('are silent while there are none', () => {
    expect(judged()).toEqual([])
  })

  it('refuse a signature with rule and sentence, and leave what was signed unchanged', async () => {
    await succeed(await rule('1.0.0', { rule: STEP }))
    const denied = press.approve(['pm25@2.0.0=40'], AT_ONCE, { tags: ['air'] })
    await expect(denied).rejects.toMatchObject(refused(`limit-step@1.0.0: ${TOO_BIG}`))
    await system.settle()
    const verdict = { action: 'approve', verdict: 'FAIL', rule: 'limit-step@1.0.0', sentence: TOO_BIG }
    expect(judged()).toMatchObject([{ ...verdict, run: null, stage: null, principal: 'epa-chief' }])
    expect(await press.api.get('/v1/approvals')).toEqual([])
    const entries = () => press.api.get<{ type: string; topic: string }[]>('/v1/audit/entries', { limit: 1000 })
    const audited = async () => (await entries()).filter(({ type }) => type === 'hms.guard.judged.v1')
    await system.runUntil(async () => (await audited()).length > 0, 1_000)
    expect(await audited()).toMatchObject([{ topic: 'hms.approval.v1' }])
  })

  it('pass what they allow, and publish that once a stage', async () => {
    const before = judged().length
    await succeed(await press.approve(['pm25@2.0.0=30'], AT_ONCE, { tags: ['air'] }))
    const news = judged().slice(before)
    expect(news.map(({ stage, verdict }) => `${stage} ${verdict}`)).toEqual(EACH_PASSES)
    expect(news.every(({ rules }) => rules.length === 1)).toBe(true)
  })

  it('speak of nothing else', async () => {
    const before = judged().length
    await succeed(await press.approve(['ozone@1.0.0=70'], AT_ONCE))
    expect(judged()).toHaveLength(before)
  })

  it('that only warn are shown with the stages of the run', async () => {
    await succeed(await rule('1.1.0', { rule: STEP, severity: 'warn' }))
    const view = await succeed(await press.approve(['pm25@3.0.0=90'], AT_ONCE, { tags: ['air'] }))
    const warned = view.stages.filter(({ detail }) => detail.includes(`WARN guard limit-step@1.1.0: ${TOO_BIG}`))
    expect(warned.map(({ stage, verdict }) => `${stage} ${verdict}`)).toEqual(EACH_PASSES)
  })

  it.each([
    ['lint', 'stage != "lint"'],
    ['canary', 'stage != "canary"'],
    ['rollout', 'stage != "rollout"'],
    ['notify', 'stage != "notify"'],
  ])('end a run before its stage %s, and nothing of it stays half done', async (stage, text) => {
    const id = `no-${stage}`
    await succeed(await rule('1.0.0', { rule: text, when: ['advance'], tags: [stage] }, id))
    const limit = `lead-${stage}`
    const run = await press.approve([`${limit}@1.0.0=15`], AT_ONCE, { tags: [stage] })
    await press.whenState(run, 'FAILED')
    await system.settle()
    const view = await press.show(run)
    expect(view).toMatchObject({ state: 'FAILED', reason: 'GUARD_DENIED' })
    expect(view.stages.find(({ verdict }) => verdict === 'FAIL')).toMatchObject({ stage, detail: `guard ${id}@1.0.0: ${TOO_BIG}` })
    if (stage === 'canary') await expect(press.api.get(`/v1/canaries/${run}`)).rejects.toMatchObject({ code: 'HMS_CANARY_NOT_FOUND' })
    if (stage === 'rollout') expect(await press.api.get(`/v1/canaries/${run}`)).toMatchObject({ state: 'ended' })
    if (stage === 'notify') expect(await press.limit(limit)).toBe(15)
    else await expect(press.limit(limit)).rejects.toMatchObject({ code: 'HMS_POLICY_NOT_FOUND' })
    // Its policy is free again.
    expect(await press.approve([`${limit}@1.1.0=15`], AT_ONCE, { tags: [stage] })).toBe(run + 1)
    await system.settle()
  })

  it('that err deny until they are replaced, which they cannot prevent', async () => {
    await succeed(await rule('1.0.0', { rule: 'next.limitt > 3.0', tags: ['air', 'guard'] }, 'broken-rule'))
    const denied = refused('broken-rule@1.0.0: The rule could not be evaluated, so it denies: field not found: limitt.')
    await expect(press.approve(['pm25@4.0.0=90'], AT_ONCE, { tags: ['air'] })).rejects.toMatchObject(denied)
    await expect(rule('1.2.0', { rule: STEP })).rejects.toMatchObject(denied)
    await succeed(await rule('2.0.0', { rule: 'true', when: [] }, 'broken-rule'))
    await succeed(await press.approve(['pm25@4.0.0=90'], AT_ONCE, { tags: ['air'] }))
  })

  it('are refused by lint when they do not compile, or drop their tag', async () => {
    const text = 'forbid (principal, action, resource) when { principal.rolee == "x" };'
    const nonsense = await end(await rule('1.0.0', { kind: 'cedar', rule: text }, 'nonsense'))
    expect(nonsense).toMatchObject({ state: 'FAILED', reason: 'LINT_ERRORS' })
    expect(nonsense.stages[0]!.detail).toContain('did you mean `roles`')
    const dropped = await end(await approve('id: limit-step\nversion: 3.0.0\neffective: 2024-09-01T00:00:00Z\ntags: [air]\n'))
    expect(dropped.stages[0]!.detail).toContain('a rule keeps its tag "guard"')
  })

  it('judge rollbacks too, and the verdict is published', async () => {
    await succeed(await press.approve(['radon@1.0.0=4'], AT_ONCE, { tags: ['radon'] }))
    await succeed(await press.approve(['radon@2.0.0=3'], AT_ONCE, { tags: ['radon'] }))
    await succeed(await rule('1.0.0', { rule: 'false', when: ['rollback'], tags: ['radon'] }, 'no-way-back'))
    const denied = press.api.post('/v1/rollbacks', { policy: 'radon', version: '1.0.0' })
    await expect(denied).rejects.toMatchObject(refused(`no-way-back@1.0.0: ${TOO_BIG}`))
    await system.settle()
    const told = judged().filter(({ action }) => action === 'rollback')
    expect(told).toMatchObject([{ verdict: 'FAIL', rule: 'no-way-back@1.0.0', principal: 'operator' }])
    expect(await press.limit('radon')).toBe(3)
    await succeed(await rule('1.1.0', { rule: 'false', when: [] }, 'no-way-back'))
    await press.api.post('/v1/rollbacks', { policy: 'radon', version: '1.0.0' })
  })

  function refused(said: string) {
    return { code: 'HMS_GUARD_DENIED', status: 422, detail: expect.stringContaining(`Guard ${said}`) as string }
  }

  function rule(version: string, members: object, id = 'limit-step'): Promise<number> {
    const guard = { kind: 'cel', message: TOO_BIG, severity: 'deny', tags: ['air'], ...members }
    return approve(JSON.stringify({ id, version, effective: '2024-09-01T00:00:00Z', tags: ['guard'], guard }))
  }

  async function approve(text: string): Promise<number> {
    const parsed = parsePolicy(text, 'rule.yaml')
    if (!parsed.ok) throw new Error(parsed.findings[0]!.message)
    const prepared = await prepareApproval(press.api, [parsed.source.policy], AT_ONCE)
    return (await submitApproval(press.api, prepared, await signApproval(prepared, system.signers.get('EPA Chief')!))).run!
  }

  async function end(run: number): Promise<RunView> {
    await system.runUntil(async () => (await press.show(run)).endedAt !== null, 60_000)
    await system.settle()
    return press.show(run)
  }

  async function succeed(run: number): Promise<RunView> {
    const view = await end(run)
    expect(view).toMatchObject({ state: 'SUCCEEDED' })
    return view
  }

  /** Returns the published verdicts, the latest last; those of one time in the order of the stages. */
  function judged(): GuardJudged[] {
    const topics = ['hms.approval.v1', 'hms.lint.v1', 'hms.simulation.v1', 'hms.canary.v1', 'hms.rollout.v1', 'hms.notification.v1']
    const records = topics.flatMap((topic) => log.topic(topic))
    const said = records.map(({ value }) => peekPredicate<{ type: string; time: string; data: unknown }>(JSON.parse(value!) as Envelope))
    const told = said.filter(({ type }) => type === 'hms.guard.judged.v1')
    return told.sort((a, b) => Date.parse(a.time) - Date.parse(b.time)).map(({ data }) => data as GuardJudged)
  }
})
