import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notifierFixture } from './notifier-fixture.suite.js'

let harness: Awaited<ReturnType<typeof notifierFixture>>
beforeEach(async () => {
  harness = await notifierFixture()
})
afterEach(() => harness.stop())

const ASKING = { id: 'va-deq', events: ['announced' as const, 'rolled-back' as const] }
const messages = (): string[] => harness.sender.sent.map(({ partner, body: { type, data } }) => `${partner} ${type} ${data.version}`)
const last = (): unknown => harness.sender.sent.at(-1)!.body

describe('a run whose canary passed', () => {
  it('is announced to partners that ask for it, with values, differences, time and link, and to no other', async () => {
    await harness.register(ASKING, { id: 'md-mde' })
    await harness.foretell(184, '2.0.0', '1.5.0')
    expect(messages()).toEqual(['va-deq policy.announced 2.0.0'])
    expect(harness.sender.sent[0]).toMatchObject({ id: 'announced_184_1_epa-pm25-limit_va-deq' })
    const content = { effective: '2026-01-01T00:00:00Z', values: { limit: 25 }, differences: [], link: '/runs/184' }
    expect(last()).toMatchObject({ data: { intent: 'policy-announcement', supersedes: ['epa-pm25-limit@1.5.0'], ...content } })
  })

  it('is announced once for an attempt, also after a freeze delayed it', async () => {
    await harness.register(ASKING)
    await harness.foretell(184, '2.0.0', '1.5.0')
    await harness.foretell(184, '2.0.0', '1.5.0')
    expect(messages()).toHaveLength(1)
  })

  it('counts partners by its update alone', async () => {
    await harness.register(ASKING, { id: 'md-mde' })
    harness.sender.script.set('md-mde', [500, 204])
    await harness.foretell(184, '2.0.0', '1.5.0')
    harness.sender.script.set('va-deq', [500, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    expect(await harness.completions()).toMatchObject([{ sent: 0, retrying: 2 }])
    await harness.advance(7)
    expect(messages().filter((each) => each === 'va-deq policy.updated 2.0.0').length).toBeGreaterThan(0)
  })

  it('opens no ticket when its announcement reached no partner: a message about its end follows', async () => {
    await harness.register(ASKING)
    harness.sender.script.set('va-deq', [410])
    await harness.foretell(184, '2.0.0', '1.5.0')
    expect((await harness.deliveries()).map(({ state }) => state)).toEqual(['dead'])
    expect(await harness.said('hms.notification.undelivered.v1')).toEqual([])
  })
})

describe('a partner that got an announcement', () => {
  beforeEach(() => harness.register(ASKING, { id: 'wv-dep', events: ['announced'] }, { id: 'md-mde' }))

  it('is notified once that the run failed before it was in force, and which version is', async () => {
    await harness.foretell(184, '2.0.0', '1.5.0')
    await harness.fail(184)
    await harness.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.rolled-back 1.5.0', 'wv-dep policy.updated 1.5.0'])
    expect(harness.sender.sent[2]!.body).toMatchObject({ data: { rolledBack: '2.0.0', supersedes: ['epa-pm25-limit@2.0.0'] } })
  })

  it('is notified once if rollout reports the rollback and then the failure', async () => {
    await harness.foretell(184, '2.0.0', '1.5.0')
    await harness.reverse('2.0.0', '1.5.0', 7)
    await harness.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.rolled-back 1.5.0', 'wv-dep policy.updated 1.5.0'])
  })

  it('is notified of the version that a rollback during the run left in force', async () => {
    await harness.foretell(184, '2.0.0', '1.5.0')
    await harness.reverse('1.5.0', '1.4.0', 7)
    await harness.reverse('1.4.0', '1.3.0', 8)
    await harness.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.rolled-back 1.3.0', 'wv-dep policy.updated 1.3.0'])
  })

  it('is notified of the version before if a rollback was undone during the run', async () => {
    await harness.foretell(184, '2.0.0', '1.5.0')
    await harness.reverse('1.5.0', '1.4.0', 7)
    await harness.reverse('1.4.0', '1.5.0', 8)
    await harness.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.rolled-back 1.5.0', 'wv-dep policy.updated 1.5.0'])
  })

  it('is notified that no version is in force if a rollback during the run left none', async () => {
    await harness.foretell(184, '2.0.0', '1.5.0')
    await harness.reverse('1.5.0', null, 7)
    await harness.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.withdrawn 2.0.0', 'wv-dep policy.withdrawn 2.0.0'])
  })

  it('is notified of what a second attempt left in force, also after an earlier rollback', async () => {
    await harness.reverse('2.0.0', '1.5.0', 7)
    await harness.advance(1)
    await harness.foretell(184, '2.0.0', '1.5.0')
    await harness.fail(184, 'epa-pm25-limit')
    expect(messages().slice(2)).toEqual(['va-deq policy.updated 2.0.0', 'wv-dep policy.updated 2.0.0'])
  })

  it('is notified that a failed run left the policy in force', async () => {
    await harness.foretell(184, '2.0.0', '1.5.0')
    await harness.fail(184, 'epa-pm25-limit')
    expect(messages().slice(2)).toEqual(['va-deq policy.updated 2.0.0', 'wv-dep policy.updated 2.0.0'])
  })

  it('is notified that a first version will not be in force', async () => {
    await harness.foretell(184, '1.0.0', null)
    await harness.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.withdrawn 1.0.0', 'wv-dep policy.withdrawn 1.0.0'])
  })

  it('is not notified of the end after the message that the run succeeded', async () => {
    await harness.foretell(184, '2.0.0', '1.5.0')
    await harness.complete(184, '2.0.0', '1.5.0')
    const before = messages().length
    await harness.fail(184)
    expect(messages()).toHaveLength(before)
  })
})

describe('a rollback', () => {
  it('is sent as such, with the public reason alone, and as an update to partners that leave it out', async () => {
    await harness.register({ id: 'va-deq' }, { id: 'md-mde', events: ['announced'] })
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.reverse('2.0.0', '1.5.0', 7, 'epa-pm25-limit', 'drill 4713')
    expect(messages().slice(2).sort()).toEqual(['md-mde policy.updated 1.5.0', 'va-deq policy.rolled-back 1.5.0'])
    const rolledBack = harness.sender.sent.find(({ body }) => body.type === 'policy.rolled-back')!.body
    const data = {
      intent: 'policy-rollback',
      rolledBack: '2.0.0',
      current: 'epa-pm25-limit@1.5.0',
      reason: 'drill 4713',
      values: { limit: 25 },
    }
    expect(rolledBack).toMatchObject({ data: { ...data, supersedes: ['epa-pm25-limit@2.0.0'], link: '/policies/epa-pm25-limit' } })
    expect(JSON.stringify(harness.sender.sent)).not.toContain('8812')
  })
})
