import { policyKey } from '#libs/messaging'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FAILURES_IN_A_ROW } from '../delivery/breaker.js'
import { DELIVERIES } from '../delivery/delivery.table.js'
import type { Channel } from '../partners/channel.js'
import { notifierFixture } from './notifier-fixture.suite.js'

let harness: Awaited<ReturnType<typeof notifierFixture>>
beforeEach(async () => {
  harness = await notifierFixture()
})
afterEach(() => harness.stop())

const states = async (): Promise<string[]> => (await harness.deliveries()).map(({ version, state }) => `${version} ${state}`)
const notified = (): string[] => harness.sender.sent.map(({ partner, body }) => `${partner} ${body.data.version}`)

describe('a run that is live for all', () => {
  it('notifies each partner once and ends when all are notified', async () => {
    await harness.register({ id: 'md-mde' }, { id: 'va-deq' })
    await harness.complete(184, '2.0.0', '1.5.0')
    expect(notified().sort()).toEqual(['md-mde 2.0.0', 'va-deq 2.0.0'])
    const body = { data: { supersedes: ['epa-pm25-limit@1.5.0'] } }
    expect(harness.sender.sent[0]).toMatchObject({ id: 'run_184_epa-pm25-limit_md-mde', body })
    expect(await harness.completions()).toEqual([{ run: 184, attempt: 1, summary: '2 sent', sent: 2, retrying: 0 }])
    await harness.complete(184, '2.0.0', '1.5.0')
    expect([notified().length, (await harness.completions()).length]).toEqual([2, 1])
  })

  it('does not wait for a partner whose first attempt failed, and notifies it later with the same message id', async () => {
    await harness.register({ id: 'md-mde' }, { id: 'va-deq' })
    harness.sender.script.set('va-deq', [500, 204])
    await harness.complete(184, '2.0.0', null)
    const summary = '1 sent, 1 retrying until 2026-01-02T00:00:00Z'
    expect(await harness.completions()).toEqual([{ run: 184, attempt: 1, summary, sent: 1, retrying: 1 }])
    await harness.advance(7)
    const ids = harness.sender.sent.filter(({ partner }) => partner === 'va-deq').map(({ id }) => id)
    expect(ids).toEqual(['run_184_epa-pm25-limit_va-deq', 'run_184_epa-pm25-limit_va-deq'])
    expect(await states()).toEqual(['2.0.0 delivered', '2.0.0 delivered'])
    expect((await harness.completions()).length).toBe(1)
  })

  it('polls the task of an agent until it is completed, and waits for it', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', ['working', 204])
    await harness.complete(184, '2.0.0', null)
    expect([await states(), await harness.completions()]).toEqual([['2.0.0 pending'], []])
    await harness.advance(7)
    expect(harness.sender.sent.map(({ task }) => task)).toEqual([undefined, 't1'])
    expect([await states(), await harness.completions()]).toMatchObject([['2.0.0 delivered'], [{ summary: '1 sent' }]])
  })

  it('keeps the task of an agent that answers while the process stops', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.send = async (_attempt, signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return { kind: 'working', latencyMs: 1, task: 't1' }
    }
    await harness.complete(184, '2.0.0', null)
    harness.worker.onModuleDestroy()
    await harness.quiet()
    expect(await harness.deliveries()).toMatchObject([{ state: 'pending', tries: 1, task: 't1' }])
  })

  it('records that the agent rejected its task later, with the reason', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', ['working', 'rejected'])
    await harness.complete(184, '2.0.0', null)
    await harness.advance(180)
    expect(harness.sender.sent.map(({ task }) => task)).toEqual([undefined, 't1', undefined])
    expect(await states()).toEqual(['2.0.0 dead'])
    expect(await harness.said('hms.delivery.given-up.v1')).toMatchObject([{ tries: 3, detail: 'task rejected: unknown policy' }])
  })

  it('sends a redriven message again, also if it had a task', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', ['working'])
    await harness.complete(184, '2.0.0', null)
    await harness.leap(100_000)
    expect(await states()).toEqual(['2.0.0 dead'])
    await harness.database.locked([policyKey('epa-pm25-limit')], async (tx) => {
      const [dead] = await tx.documents(DELIVERIES).find()
      await harness.lanes.redrive(tx, dead!, { by: 'Op', reason: 'drill' }, tx.now)
    })
    await harness.advance(1)
    expect(harness.sender.sent.slice(-2).map(({ task }) => task)).toEqual(['t1', undefined])
  })

  it('waits at most 20 s for a partner that hangs', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', ['hang'])
    await harness.complete(184, '2.0.0', null)
    await harness.advance(19)
    expect(await harness.completions()).toEqual([])
    await harness.advance(2)
    expect(await harness.completions()).toMatchObject([{ summary: '0 sent, 1 retrying until 2026-01-02T00:00:00Z' }])
    harness.worker.onModuleDestroy()
  })

  it('reports a run without partners', async () => {
    await harness.complete(184, '2.0.0', null)
    await harness.complete(185, '2.1.0', null, ['unknown-one'])
    expect(await harness.completions()).toMatchObject([{ summary: '0 sent (no partners)' }, { summary: '0 sent (unknown: unknown-one)' }])
  })
})

describe('a run that takes effect later', () => {
  it('notifies its partners in advance, with the date, and not again when it is in force', async () => {
    await harness.register({ id: 'va-deq' })
    await harness.hold(184, '2.0.0', '1.5.0')
    expect(harness.sender.sent[0]).toMatchObject({ body: { data: { version: '2.0.0', effective: '2026-01-01T00:00:00Z' } } })
    expect(await harness.completions()).toEqual([])
    await harness.complete(184, '2.0.0', '1.5.0')
    expect([notified(), await harness.completions()]).toMatchObject([['va-deq 2.0.0'], [{ summary: '1 sent' }]])
  })

  it('notifies partners of the version in force when it is reverted, and of no run that has already ended', async () => {
    await harness.register({ id: 'va-deq' })
    await harness.hold(184, '2.0.0', '1.5.0')
    await harness.reverse('2.0.0', '1.5.0', 7)
    await harness.end(184)
    await harness.end(185)
    await harness.hold(185, '2.1.0', '1.5.0')
    expect(notified()).toEqual(['va-deq 2.0.0', 'va-deq 1.5.0'])
  })
})

describe('a first version that takes effect later and is reverted before that', () => {
  it('is reverted for the partners notified ahead, and for no other partner', async () => {
    await harness.register({ id: 'va-deq' })
    await harness.hold(184, '1.0.0', null)
    await harness.reverse('1.0.0', null, 7)
    expect(harness.sender.sent.map(({ body }) => body.type)).toEqual(['policy.updated', 'policy.withdrawn'])
    const data = { intent: 'policy-withdrawal', version: '1.0.0', supersedes: ['epa-pm25-limit@1.0.0'] }
    expect(harness.sender.sent.at(-1)).toMatchObject({ id: 'rollback_7_epa-pm25-limit_va-deq', body: { data } })
  })

  it('is not sent if its own run reverted it during the bake', async () => {
    await harness.register({ id: 'va-deq' })
    await harness.reverse('1.0.0', null, 7)
    expect(notified()).toEqual([])
  })
})

describe('a bundle', () => {
  const BOTH = { 'epa-pm25-limit': '2.0.0', ozone: '1.0.0' }
  const channels: Channel[] = [
    { kind: 'webhook', url: 'https://va-deq.example/', secret: 'whsec_' },
    { kind: 'email', to: 'air@va.example' },
  ]
  const newsOf = (): string[] => harness.sender.sent.map(({ channel, body: { data } }) => `${channel} ${(data.bundle ?? []).join(' ')}`)

  it('is sent once on each channel, naming every policy, and counts as one notified partner', async () => {
    await harness.register({ id: 'va-deq', channels })
    await harness.completeBundle(184, BOTH)
    expect(newsOf().sort()).toEqual(['email epa-pm25-limit@2.0.0 ozone@1.0.0', 'webhook epa-pm25-limit@2.0.0 ozone@1.0.0'])
    expect(new Set(harness.sender.sent.map(({ id }) => id))).toEqual(new Set(['run_184_va-deq']))
    const policies = harness.sender.sent[0]!.body.data.policies!.map(({ id, version }) => `${id}@${version}`)
    expect(policies).toEqual(['epa-pm25-limit@2.0.0', 'ozone@1.0.0'])
    expect(await harness.deliveries()).toHaveLength(2)
    expect(await harness.completions()).toMatchObject([{ summary: '1 sent' }])
    const delivered = { policies: [{ policy: 'epa-pm25-limit' }, { policy: 'ozone', version: '1.0.0' }], policy: 'epa-pm25-limit' }
    expect(await harness.said('hms.delivery.delivered.v1')).toMatchObject([delivered, delivered])
  })

  it('is sent before a later message about one of its policies, which lists the version that it replaces', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [500, 204])
    await harness.completeBundle(184, BOTH)
    await harness.complete(185, '2.1.0', '2.0.0')
    expect(newsOf()).toEqual(['webhook epa-pm25-limit@2.0.0 ozone@1.0.0'])
    await harness.advance(7)
    expect(newsOf().slice(1)).toEqual(['webhook epa-pm25-limit@2.0.0 ozone@1.0.0', 'webhook epa-pm25-limit@2.1.0'])
    expect(harness.sender.sent.at(-1)!.body.data.supersedes).toEqual(['epa-pm25-limit@2.0.0'])
    expect((await states()).sort()).toEqual(['2.0.0 delivered', '2.1.0 delivered'])
  })

  it('replaces waiting messages about its policies, and is itself replaced as a whole', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [500, 500, 204])
    await harness.complete(183, '1.9.0', null)
    await harness.completeBundle(184, BOTH)
    await harness.completeBundle(185, { ...BOTH, ozone: '1.1.0' })
    await harness.advance(7)
    const superseded = ['epa-pm25-limit@2.0.0', 'epa-pm25-limit@1.9.0', 'ozone@1.0.0'].filter((each) => each !== 'epa-pm25-limit@2.0.0')
    expect(harness.sender.sent.at(-1)!.body.data).toMatchObject({ bundle: ['epa-pm25-limit@2.0.0', 'ozone@1.1.0'], supersedes: superseded })
    expect((await harness.deliveries()).map(({ run, state }) => `${run} ${state}`).sort()).toEqual([
      '183 superseded',
      '184 superseded',
      '185 delivered',
    ])
  })

  it('is reverted policy by policy, even before a partner was reached', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [500, 204])
    await harness.completeBundle(184, BOTH)
    await harness.reverse('2.0.0', '1.5.0', 7)
    await harness.advance(7)
    const bodies = harness.sender.sent.map(({ id, body }) => `${id} ${body.data.version}`)
    expect(bodies.slice(-2)).toEqual(['run_184_va-deq 2.0.0', 'rollback_7_epa-pm25-limit_va-deq 1.5.0'])
  })
})

describe('the outcome of a message', () => {
  const facts = { partner: 'va-deq', message: 'run_184_epa-pm25-limit_va-deq', policy: 'epa-pm25-limit', version: '2.0.0', run: 184 }

  it('is published once for each delivered message, with the evidence, and not for a failed attempt', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [500, 204])
    await harness.complete(184, '2.0.0', null)
    expect(await harness.said('hms.delivery.delivered.v1')).toEqual([])
    await harness.advance(7)
    expect(await harness.said('hms.delivery.delivered.v1')).toMatchObject([{ ...facts, tries: 2, status: 204, at: expect.any(String) }])
    expect(await harness.said('hms.delivery.acknowledged.v1')).toEqual([])
  })

  it('is published as delivered and as acknowledged if one response does both', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', ['acknowledged'])
    await harness.complete(184, '2.0.0', null)
    expect(await harness.deliveries()).toMatchObject([{ state: 'delivered', acknowledged: { way: 'reply' } }])
    expect(await harness.said('hms.delivery.delivered.v1')).toMatchObject([facts])
    expect(await harness.said('hms.delivery.acknowledged.v1')).toMatchObject([{ ...facts, way: 'reply' }])
  })

  it('is published for an abandoned delivery', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [410])
    await harness.complete(184, '2.0.0', null)
    expect(await harness.said('hms.delivery.given-up.v1')).toMatchObject([{ ...facts, tries: 1 }])
  })

  it('updates the counts of a completed run, many outcomes at a time', async () => {
    await harness.register({ id: 'md-mde' }, { id: 'va-deq' }, { id: 'wv-dep' })
    for (const partner of ['va-deq', 'wv-dep']) harness.sender.script.set(partner, [500, 'acknowledged'])
    await harness.complete(184, '2.0.0', null)
    await harness.advance(12)
    const progressed = (await harness.said('hms.notification.progressed.v1')) as { sent: number; acknowledged: number }[]
    expect(progressed.at(-1)).toEqual({ run: 184, attempt: 1, sent: 3, acknowledged: 2 })
    expect(progressed.length).toBeLessThanOrEqual(2)
    expect((await harness.completions()).length).toBe(1)
  })
})

describe('a lane', () => {
  it('latest: a newer version replaces a queued one and lists the versions the partner was never notified of', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [500, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.complete(185, '2.1.0', '2.0.0')
    expect(await states()).toEqual(['2.0.0 superseded', '2.1.0 delivered'])
    expect(harness.sender.sent.at(-1)!.body.data.supersedes).toEqual(['epa-pm25-limit@2.0.0', 'epa-pm25-limit@1.5.0'])
  })

  it('every: a newer version waits for the older one, and its run does not wait', async () => {
    await harness.register({ id: 'va-deq', lane: 'every' })
    harness.sender.script.set('va-deq', [500, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.complete(185, '2.1.0', '2.0.0')
    expect(await harness.completions()).toMatchObject([
      { run: 184, retrying: 1 },
      { run: 185, retrying: 1 },
    ])
    await harness.advance(7)
    expect(notified()).toEqual(['va-deq 2.0.0', 'va-deq 2.0.0', 'va-deq 2.1.0'])
    expect(await states()).toEqual(['2.0.0 delivered', '2.1.0 delivered'])
  })
})

describe('a partner with several channels', () => {
  const channels: Channel[] = [
    { kind: 'webhook', url: 'https://va-deq.example/', secret: 'whsec_' },
    { kind: 'email', to: 'air@va.example' },
  ]
  const ways = (): string[] => harness.sender.sent.map(({ channel, body }) => `${channel} ${body.data.version}`)

  it('all: is notified on each, and the failure of one does not block the other', async () => {
    await harness.register({ id: 'va-deq', channels })
    harness.sender.script.set('va-deq/webhook', [500])
    await harness.complete(184, '2.0.0', null)
    expect(ways().sort()).toEqual(['email 2.0.0', 'webhook 2.0.0'])
    expect((await states()).sort()).toEqual(['2.0.0 delivered', '2.0.0 pending'])
  })

  it('first: is notified on the first channel only', async () => {
    await harness.register({ id: 'va-deq', channels, deliver: 'first' })
    await harness.complete(184, '2.0.0', null)
    expect(ways()).toEqual(['webhook 2.0.0'])
  })

  it('first: moves to the next channel when one is gone, in the order of the lane', async () => {
    await harness.register({ id: 'va-deq', channels, deliver: 'first', lane: 'every' })
    harness.sender.script.set('va-deq/webhook', [500, 410, 204])
    harness.sender.script.set('va-deq/email', [500, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.complete(185, '2.1.0', '2.0.0')
    await harness.advance(14)
    expect(ways()).toEqual(['webhook 2.0.0', 'webhook 2.0.0', 'email 2.0.0', 'email 2.0.0', 'webhook 2.1.0'])
    const ended = (await harness.deliveries()).map(({ channel, version, state }) => `${channel} ${version} ${state}`)
    expect(ended.sort()).toEqual(['email 2.0.0 delivered', 'webhook 2.0.0 dead', 'webhook 2.1.0 delivered'])
  })

  it('first: does not wait for a channel that is down', async () => {
    await harness.register({ id: 'va-deq', channels, deliver: 'first' })
    harness.sender.script.set('va-deq/webhook', [500])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.leap(7 * 60)
    expect(ways()).toEqual([...Array<string>(5).fill('webhook 2.0.0'), 'email 2.0.0'])
    expect((await states()).sort()).toEqual(['2.0.0 delivered', '2.0.0 superseded'])
    await harness.leap(3600)
    harness.sender.script.set('va-deq/webhook', [204])
    await harness.complete(185, '2.1.0', '2.0.0')
    expect(ways().at(-1)).toBe('webhook 2.1.0')
  })

  it('first: is not notified if the last channel is gone too', async () => {
    await harness.register({ id: 'va-deq', channels, deliver: 'first' })
    harness.sender.script.set('va-deq', [410])
    await harness.complete(184, '2.0.0', null)
    expect(await harness.completions()).toMatchObject([{ summary: '0 sent, 1 failed' }])
    expect((await states()).sort()).toEqual(['2.0.0 dead', '2.0.0 dead'])
  })
})

describe('the 24-hour schedule', () => {
  const channels: Channel[] = [
    { kind: 'webhook', url: 'https://va-deq.example/', secret: 'whsec_' },
    { kind: 'email', to: 'air@va.example' },
  ]

  it('reaches a partner that was down for 23 h 50 min, on each channel, at the 15th attempt', async () => {
    await harness.register({ id: 'va-deq', channels, contact: 'oncall@va.example' })
    harness.sender.script.set('va-deq', [500])
    await harness.complete(184, '2.0.0', null)
    await harness.leap(23 * 3600 + 50 * 60)
    expect((await states()).every((state) => state === '2.0.0 pending')).toBe(true)
    harness.sender.script.set('va-deq', [204])
    await harness.leap(10 * 60)
    const ended = (await harness.deliveries()).map(({ channel, state, tries, deliveredAt }) => ({ channel, state, tries, deliveredAt }))
    const delivered = { state: 'delivered', tries: 15, deliveredAt: '2026-01-02T00:00:00.000Z' }
    expect(ended).toEqual([
      { channel: 'email', ...delivered },
      { channel: 'webhook', ...delivered },
    ])
  })

  it('ends in a mail to the contact of the partner, with the same message id', async () => {
    await harness.register({ id: 'va-deq', contact: 'oncall@va.example' })
    harness.sender.script.set('va-deq/webhook', [500])
    await harness.complete(184, '2.0.0', null)
    await harness.leap(24 * 3600)
    const ended = (await harness.deliveries()).map(({ channel, state, stage }) => ({ channel, state, stage }))
    expect(ended).toEqual([
      { channel: 'contact', state: 'delivered', stage: null },
      { channel: 'webhook', state: 'dead', stage: '184.1' },
    ])
    expect(harness.sender.sent.at(-1)).toMatchObject({ channel: 'email', id: 'run_184_epa-pm25-limit_va-deq' })
    const undelivered = { run: 184, partner: 'va-deq', channel: 'webhook', policies: ['epa-pm25-limit@2.0.0'], tries: 15 }
    expect(await harness.said('hms.notification.undelivered.v1')).toMatchObject([undelivered])
  })
})

describe('the contact of a partner', () => {
  it('is not notified while one channel has accepted the message, or may still accept it', async () => {
    const channels: Channel[] = [
      { kind: 'webhook', url: 'https://va-deq.example/', secret: 'whsec_' },
      { kind: 'email', to: 'air@va.example' },
    ]
    await harness.register({ id: 'va-deq', channels, contact: 'oncall@va.example' })
    harness.sender.script.set('va-deq/webhook', [410])
    harness.sender.script.set('va-deq/email', [500, 204])
    await harness.complete(184, '2.0.0', null)
    await harness.leap(3600)
    expect((await harness.deliveries()).map(({ channel, state }) => `${channel} ${state}`)).toEqual(['email delivered', 'webhook dead'])
    expect(await harness.said('hms.notification.undelivered.v1')).toEqual([])
  })
})

describe('a rollback', () => {
  it('notifies the partners of the run, with a message id of its own', async () => {
    await harness.register({ id: 'md-mde' }, { id: 'va-deq' }, { id: 'wv-dep' })
    harness.sender.script.set('wv-dep', [410])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.reverse('2.0.0', '1.5.0', 9)
    expect(notified().slice(3).sort()).toEqual(['md-mde 1.5.0', 'va-deq 1.5.0'])
    const body = { data: { supersedes: ['epa-pm25-limit@2.0.0'] } }
    expect(harness.sender.sent.at(-1)).toMatchObject({ id: 'rollback_9_epa-pm25-limit_va-deq', body })
    expect((await harness.completions()).length).toBe(1)
  })

  it('notifies a partner whose message was abandoned, because a failed attempt may have been received', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [500, 410, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.leap(60)
    expect(await states()).toEqual(['2.0.0 dead'])
    await harness.reverse('2.0.0', '1.5.0', 9)
    expect((await states()).sort()).toEqual(['1.5.0 delivered', '2.0.0 dead'])
  })

  it('cancels queued messages, and corrects an attempt that may have been received', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [500, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.reverse('2.0.0', '1.5.0', 9)
    expect(await states()).toEqual(['1.5.0 delivered', '2.0.0 superseded'])
  })
})

describe('a withdrawal', () => {
  it('notifies the partners that were notified of the version, and no others', async () => {
    await harness.register({ id: 'md-mde' }, { id: 'va-deq' })
    await harness.complete(184, '2.0.0', '1.5.0', ['va-deq'])
    await harness.withdraw('2.0.0', 9)
    expect(notified()).toEqual(['va-deq 2.0.0', 'va-deq 2.0.0'])
    const body = { type: 'policy.withdrawn', data: { intent: 'policy-withdrawal', supersedes: ['epa-pm25-limit@2.0.0'] } }
    expect(harness.sender.sent.at(-1)).toMatchObject({ id: 'withdrawal_9_epa-pm25-limit_va-deq', body })
  })

  it('is repeated if its message was abandoned', async () => {
    await harness.register({ id: 'va-deq' })
    await harness.complete(184, '2.0.0', null)
    harness.sender.script.set('va-deq', [500, 410, 204])
    await harness.reverse('2.0.0', null, 9)
    await harness.leap(60)
    await harness.withdraw('2.0.0', 10)
    expect(harness.sender.sent.map(({ id }) => id.split('_')[0])).toEqual(['run', 'rollback', 'rollback', 'withdrawal'])
  })

  it('also notifies partners that know only an earlier version, once per withdrawal', async () => {
    await harness.register({ id: 'md-mde' }, { id: 'va-deq' }, { id: 'wv-dep' })
    await harness.complete(183, '1.5.0', null, ['md-mde', 'va-deq'])
    await harness.complete(184, '2.0.0', '1.5.0', ['va-deq'])
    await harness.withdraw('2.0.0', 9)
    expect(notified().slice(3).sort()).toEqual(['md-mde 1.5.0', 'va-deq 2.0.0'])
    const body = { type: 'policy.withdrawn', data: { version: '1.5.0', supersedes: ['epa-pm25-limit@1.5.0'] } }
    expect(harness.sender.sent.find(({ id }) => id === 'withdrawal_9_epa-pm25-limit_md-mde')).toMatchObject({ body })
    await harness.advance(1)
    await harness.complete(185, '3.0.0', null, ['va-deq'])
    await harness.advance(1)
    await harness.withdraw('3.0.0', 10)
    expect(notified().slice(5)).toEqual(['va-deq 3.0.0', 'va-deq 3.0.0'])
  })

  it('cancels queued messages', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [500, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.withdraw('2.0.0', 9)
    expect((await states()).sort()).toEqual(['2.0.0 delivered', '2.0.0 superseded'])
    expect(harness.sender.sent.map(({ body }) => body.type)).toEqual(['policy.updated', 'policy.withdrawn'])
  })
})

describe('a version that is rolled back or withdrawn while the breaker of the channel is open', () => {
  const types = (): string[] => harness.sender.sent.map(({ body }) => `${body.type} ${body.data.version}`)

  /** Fails attempts until the breaker opens, so that the messages of the next seconds wait. */
  async function failUntilHeldBack(run: number, bundle: Record<string, string>): Promise<void> {
    harness.sender.sent.length = 0
    harness.sender.script.set('va-deq', [500])
    await harness.completeBundle(run, bundle)
    while (harness.sender.sent.length < FAILURES_IN_A_ROW) await harness.leap(5)
    harness.sender.script.set('va-deq', [204])
    harness.sender.sent.length = 0
  }

  beforeEach(async () => {
    await harness.register({ id: 'va-deq' })
    await harness.complete(183, '1.5.0', null)
  })

  it('is dropped without a message if the partner knows the version that is in force again', async () => {
    await failUntilHeldBack(184, { ozone: '1.0.0' })
    await harness.complete(185, '2.0.0', '1.5.0')
    await harness.reverse('2.0.0', '1.5.0', 9)
    await harness.leap(3600)
    expect(types()).toEqual(['policy.updated 1.0.0'])
  })

  it('is corrected if the message of the version in force again may not have arrived', async () => {
    await failUntilHeldBack(184, { 'epa-pm25-limit': '2.0.0' })
    await harness.complete(185, '2.1.0', '2.0.0')
    await harness.reverse('2.1.0', '2.0.0', 9)
    await harness.leap(3600)
    expect(types()).toEqual(['policy.rolled-back 2.0.0'])
  })

  it('is corrected if the partner was not notified of the version that is in force again', async () => {
    await harness.complete(184, '2.0.0', '1.5.0', ['unknown-one'])
    await failUntilHeldBack(185, { ozone: '1.0.0' })
    await harness.complete(186, '2.1.0', '2.0.0')
    await harness.reverse('2.1.0', '2.0.0', 9)
    await harness.leap(3600)
    expect(types().sort()).toEqual(['policy.rolled-back 2.0.0', 'policy.updated 1.0.0'])
  })

  it('is corrected if the partner received it before it was redriven', async () => {
    await harness.complete(184, '2.0.0', '1.5.0')
    await failUntilHeldBack(185, { ozone: '1.0.0' })
    await harness.database.transaction(async (tx) => {
      await tx.lock([policyKey('epa-pm25-limit')])
      const [read] = await tx.documents(DELIVERIES).find({ where: { version: '2.0.0' } })
      await harness.lanes.redrive(tx, read!, { by: 'notify-1', reason: 'the partner lost it' }, tx.now)
    })
    await harness.reverse('2.0.0', '1.5.0', 9)
    await harness.leap(3600)
    expect(types().sort()).toEqual(['policy.rolled-back 1.5.0', 'policy.updated 1.0.0'])
  })

  it('is still sent in a bundle, because of the other policies, and then corrected', async () => {
    await failUntilHeldBack(184, { carbon: '1.0.0' })
    await harness.completeBundle(185, { 'epa-pm25-limit': '2.0.0', ozone: '1.0.0' })
    await harness.reverse('2.0.0', '1.5.0', 9)
    await harness.leap(3600)
    expect(types()).toEqual(['policy.updated 2.0.0', 'policy.rolled-back 1.5.0', 'policy.updated 1.0.0'])
  })

  it('is sent as withdrawn if the partner knows an earlier version', async () => {
    await failUntilHeldBack(184, { ozone: '1.0.0' })
    await harness.complete(185, '2.0.0', '1.5.0')
    await harness.withdraw('2.0.0', 9)
    await harness.leap(3600)
    expect(types().sort()).toEqual(['policy.updated 1.0.0', 'policy.withdrawn 2.0.0'])
  })

  it('is dropped without a message if the partner knows no version', async () => {
    await failUntilHeldBack(184, { ozone: '1.0.0' })
    await harness.withdraw('1.5.0', 8)
    await harness.leap(3600)
    await failUntilHeldBack(185, { ozone: '1.1.0' })
    await harness.complete(186, '2.0.0', null)
    await harness.reverse('2.0.0', null, 9)
    await harness.leap(3600)
    expect(types()).toEqual(['policy.updated 1.1.0'])
  })
})

describe('a version that was reverted before the event that completes its run', () => {
  beforeEach(() => harness.register({ id: 'va-deq' }))

  it('is left out of its bundle, whose other policies are sent', async () => {
    await harness.reverse('1.1.0', '1.0.0', 9, 'ozone')
    await harness.completeBundle(184, { 'epa-pm25-limit': '2.0.0', ozone: '1.1.0' })
    expect(harness.sender.sent.map(({ id, body }) => [id, body.data.bundle])).toEqual([
      ['run_184_epa-pm25-limit_va-deq', ['epa-pm25-limit@2.0.0']],
    ])
    expect(await harness.completions()).toMatchObject([{ summary: '1 sent' }])
  })

  it('is not sent if nothing else remains, and the run ends', async () => {
    await harness.reverse('2.0.0', '1.5.0', 9)
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.withdraw('2.1.0', 10)
    await harness.hold(185, '2.1.0', '1.5.0')
    expect(notified()).toEqual([])
    expect(await harness.completions()).toMatchObject([{ run: 184, summary: '0 sent (no partners)' }])
  })

  it('is sent if it was reinstated, in any order of events', async () => {
    await harness.reverse('2.0.0', '1.5.0', 9)
    await harness.reverse('1.5.0', '2.0.0', 10)
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.reverse('1.1.0', '1.2.0', 10, 'ozone')
    await harness.reverse('1.2.0', '1.1.0', 9, 'ozone')
    await harness.completeBundle(185, { ozone: '1.2.0' })
    expect(notified()).toEqual(['va-deq 2.0.0', 'va-deq 1.2.0'])
  })

  it('is sent when a later attempt contains it', async () => {
    await harness.reverse('2.0.0', '1.5.0', 9)
    await harness.advance(1)
    await harness.complete(184, '2.0.0', '1.5.0')
    expect(notified()).toEqual(['va-deq 2.0.0'])
  })
})

describe('a stopping process', () => {
  it('records no attempt that it aborted', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', ['hang', 204])
    await harness.complete(184, '2.0.0', null)
    expect((await harness.deliveries())[0]).toMatchObject({ sending: true, tries: 0 })
    harness.worker.onModuleDestroy()
    await harness.quiet()
    expect((await harness.deliveries())[0]).toMatchObject({ sending: false, tries: 0, state: 'pending', log: [] })
  })
})
