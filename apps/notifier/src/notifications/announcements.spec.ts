import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notifierFixture } from './notifier-fixture.suite.js'

let world: Awaited<ReturnType<typeof notifierFixture>>
beforeEach(async () => {
  world = await notifierFixture()
})
afterEach(() => world.stop())

const ASKING = { id: 'va-deq', events: ['announced' as const, 'rolled-back' as const] }
const messages = (): string[] => world.sender.sent.map(({ partner, body: { type, data } }) => `${partner} ${type} ${data.version}`)
const last = (): unknown => world.sender.sent.at(-1)!.body

describe('a run whose canary passed', () => {
  it('is announced to partners that ask for it, with values, differences, time and link, and to no other', async () => {
    await world.register(ASKING, { id: 'md-mde' })
    await world.foretell(184, '2.0.0', '1.5.0')
    expect(messages()).toEqual(['va-deq policy.announced 2.0.0'])
    expect(world.sender.sent[0]).toMatchObject({ id: 'announced_184_1_epa-pm25-limit_va-deq' })
    const content = { effective: '2026-01-01T00:00:00Z', values: { limit: 25 }, differences: [], link: '/runs/184' }
    expect(last()).toMatchObject({ data: { intent: 'policy-announcement', supersedes: ['epa-pm25-limit@1.5.0'], ...content } })
  })

  it('is announced once for an attempt, also after a freeze delayed it', async () => {
    await world.register(ASKING)
    await world.foretell(184, '2.0.0', '1.5.0')
    await world.foretell(184, '2.0.0', '1.5.0')
    expect(messages()).toHaveLength(1)
  })

  it('counts partners by its update alone', async () => {
    await world.register(ASKING, { id: 'md-mde' })
    world.sender.script.set('md-mde', [500, 204])
    await world.foretell(184, '2.0.0', '1.5.0')
    world.sender.script.set('va-deq', [500, 204])
    await world.complete(184, '2.0.0', '1.5.0')
    expect(await world.completions()).toMatchObject([{ sent: 0, retrying: 2 }])
    await world.advance(7)
    expect(messages().filter((each) => each === 'va-deq policy.updated 2.0.0').length).toBeGreaterThan(0)
  })

  it('opens no ticket when its announcement reached no partner: a message about its end follows', async () => {
    await world.register(ASKING)
    world.sender.script.set('va-deq', [410])
    await world.foretell(184, '2.0.0', '1.5.0')
    expect((await world.deliveries()).map(({ state }) => state)).toEqual(['dead'])
    expect(await world.said('hms.notification.undelivered.v1')).toEqual([])
  })
})

describe('a partner that got an announcement', () => {
  beforeEach(() => world.register(ASKING, { id: 'wv-dep', events: ['announced'] }, { id: 'md-mde' }))

  it('is notified once that the run failed before it was in force, and which version is', async () => {
    await world.foretell(184, '2.0.0', '1.5.0')
    await world.fail(184)
    await world.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.rolled-back 1.5.0', 'wv-dep policy.updated 1.5.0'])
    expect(world.sender.sent[2]!.body).toMatchObject({ data: { rolledBack: '2.0.0', supersedes: ['epa-pm25-limit@2.0.0'] } })
  })

  it('is notified once if rollout reports the rollback and then the failure', async () => {
    await world.foretell(184, '2.0.0', '1.5.0')
    await world.reverse('2.0.0', '1.5.0', 7)
    await world.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.rolled-back 1.5.0', 'wv-dep policy.updated 1.5.0'])
  })

  it('is notified of the version that a rollback during the run left in force', async () => {
    await world.foretell(184, '2.0.0', '1.5.0')
    await world.reverse('1.5.0', '1.4.0', 7)
    await world.reverse('1.4.0', '1.3.0', 8)
    await world.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.rolled-back 1.3.0', 'wv-dep policy.updated 1.3.0'])
  })

  it('is notified of the version before if a rollback was undone during the run', async () => {
    await world.foretell(184, '2.0.0', '1.5.0')
    await world.reverse('1.5.0', '1.4.0', 7)
    await world.reverse('1.4.0', '1.5.0', 8)
    await world.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.rolled-back 1.5.0', 'wv-dep policy.updated 1.5.0'])
  })

  it('is notified that no version is in force if a rollback during the run left none', async () => {
    await world.foretell(184, '2.0.0', '1.5.0')
    await world.reverse('1.5.0', null, 7)
    await world.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.withdrawn 2.0.0', 'wv-dep policy.withdrawn 2.0.0'])
  })

  it('is notified of what a second attempt left in force, also after an earlier rollback', async () => {
    await world.reverse('2.0.0', '1.5.0', 7)
    await world.advance(1)
    await world.foretell(184, '2.0.0', '1.5.0')
    await world.fail(184, 'epa-pm25-limit')
    expect(messages().slice(2)).toEqual(['va-deq policy.updated 2.0.0', 'wv-dep policy.updated 2.0.0'])
  })

  it('is notified that a failed run left the policy in force', async () => {
    await world.foretell(184, '2.0.0', '1.5.0')
    await world.fail(184, 'epa-pm25-limit')
    expect(messages().slice(2)).toEqual(['va-deq policy.updated 2.0.0', 'wv-dep policy.updated 2.0.0'])
  })

  it('is notified that a first version will not be in force', async () => {
    await world.foretell(184, '1.0.0', null)
    await world.fail(184)
    expect(messages().slice(2)).toEqual(['va-deq policy.withdrawn 1.0.0', 'wv-dep policy.withdrawn 1.0.0'])
  })

  it('is not notified of the end after the message that the run succeeded', async () => {
    await world.foretell(184, '2.0.0', '1.5.0')
    await world.complete(184, '2.0.0', '1.5.0')
    const before = messages().length
    await world.fail(184)
    expect(messages()).toHaveLength(before)
  })
})

describe('a rollback', () => {
  it('is sent as such, with the public reason alone, and as an update to partners that leave it out', async () => {
    await world.register({ id: 'va-deq' }, { id: 'md-mde', events: ['announced'] })
    await world.complete(184, '2.0.0', '1.5.0')
    await world.reverse('2.0.0', '1.5.0', 7, 'epa-pm25-limit', 'drill 4713')
    expect(messages().slice(2).sort()).toEqual(['md-mde policy.updated 1.5.0', 'va-deq policy.rolled-back 1.5.0'])
    const rolledBack = world.sender.sent.find(({ body }) => body.type === 'policy.rolled-back')!.body
    const data = {
      intent: 'policy-rollback',
      rolledBack: '2.0.0',
      current: 'epa-pm25-limit@1.5.0',
      reason: 'drill 4713',
      values: { limit: 25 },
    }
    expect(rolledBack).toMatchObject({ data: { ...data, supersedes: ['epa-pm25-limit@2.0.0'], link: '/policies/epa-pm25-limit' } })
    expect(JSON.stringify(world.sender.sent)).not.toContain('8812')
  })
})
