import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notifierFixture } from '../notifications/notifier-fixture.suite.js'
import { deliveryDetail } from '../delivery/delivery-view.js'
import { DELIVERIES } from '../delivery/delivery.table.js'
import { receiptTokenIn } from '../delivery/receipt-token.js'
import { sampleDelivery } from '../delivery/sample-delivery.suite.js'
import { RedriveDeliveries } from './redrive-deliveries.js'

const asked = { by: 'operator', reason: 'their gateway is back' }

let harness: Awaited<ReturnType<typeof notifierFixture>>
let redrive: RedriveDeliveries
beforeEach(async () => {
  harness = await notifierFixture()
  redrive = new RedriveDeliveries(harness.runtime.database, harness.lanes)
})
afterEach(() => harness.stop())

const states = async (): Promise<string[]> => (await harness.deliveries()).map(({ partner, state }) => `${partner} ${state}`)
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'taken',
    ({ status, code }: { status: number; code: string }) => `${status} ${code}`,
  )

describe('a redriven message', () => {
  it('keeps its id and bytes, gets a fresh schedule, and records who redrove it and why', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [410, 500, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    const { id } = (await harness.deliveries())[0]!
    expect(await redrive.one(id, asked)).toMatchObject({ redrives: [asked] })
    await harness.advance(8)
    expect(await states()).toEqual(['va-deq delivered'])
    expect(harness.sender.sent).toHaveLength(3)
    expect(new Set(harness.sender.sent.map((sent) => JSON.stringify([sent.id, sent.body]))).size).toBe(1)
    expect(await harness.said('hms.delivery.redriven.v1')).toMatchObject([{ ...asked, partner: 'va-deq', version: '2.0.0' }])
  })

  it('is shown without its receipt token, and with the evidence of each attempt', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [410])
    await harness.complete(184, '2.0.0', '1.5.0')
    const [delivery] = await harness.deliveries()
    const shown = await harness.database.transaction((tx) => deliveryDetail(tx, delivery!))
    const token = receiptTokenIn(delivery!.body)!
    expect([JSON.stringify(shown).includes(token), JSON.parse(shown.body)]).toMatchObject([false, { data: { version: '2.0.0' } }])
    expect(shown.tries).toMatchObject([{ status: 410, latencyMs: 1, reply: null, address: null }])
  })

  it('is sent once, however often it is redriven while an attempt is pending', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [410, 500])
    await harness.complete(184, '2.0.0', '1.5.0')
    const { id } = (await harness.deliveries())[0]!
    await Promise.all([redrive.one(id, asked), redrive.one(id, asked), redrive.many({ reason: 'r' }, 'operator')])
    await harness.quiet()
    expect([harness.sender.sent.length, (await harness.said('hms.delivery.redriven.v1')).length]).toEqual([2, 1])
  })

  it('is refused if it reports a version that is no longer in force, or is unknown', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [410, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.complete(185, '2.1.0', '2.0.0')
    const old = (await harness.deliveries()).find(({ version }) => version === '2.0.0')!
    expect(await refusal(redrive.one(old.id, asked))).toBe('409 HMS_DELIVERY_OVERTAKEN')
    expect(await redrive.many({ reason: 'r' }, 'operator')).toMatchObject({ redriven: [], skipped: [{ id: old.id }], more: false })
    expect(await refusal(redrive.one('nothing', asked))).toBe('404 HMS_DELIVERY_UNKNOWN')
    expect(harness.sender.sent).toHaveLength(2)
  })

  it('of a bundle is sent before newer messages about some of its policies, so that the versions in force come last', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [410, 204])
    await harness.completeBundle(184, { 'epa-pm25-limit': '2.0.0', ozone: '1.0.0' })
    await harness.complete(185, '2.1.0', '2.0.0')
    const bundle = (await harness.deliveries()).find(({ run }) => run === 184)!
    await redrive.one(bundle.id, asked)
    await harness.advance(1)
    const versions = harness.sender.sent.map(({ body: { data } }) => (data.bundle ?? []).join(' '))
    expect(versions).toEqual([
      'epa-pm25-limit@2.0.0 ozone@1.0.0',
      'epa-pm25-limit@2.1.0',
      'epa-pm25-limit@2.0.0 ozone@1.0.0',
      'epa-pm25-limit@2.1.0',
    ])
    expect((await redrive.many({ reason: 'r', policy: 'ozone' }, 'operator')).redriven).toEqual([])
  })

  it('with `deliver: first` is refused while another channel delivered it or will, which the reason names', async () => {
    const channels = [
      { kind: 'webhook' as const, url: 'https://va-deq.example/', secret: 'whsec_' },
      { kind: 'email' as const, to: 'air@va.example' },
    ]
    await harness.register({ id: 'va-deq', deliver: 'first', channels })
    harness.sender.script.set('va-deq/webhook', [410])
    harness.sender.script.set('va-deq/email', [500, 410])
    await harness.complete(184, '2.0.0', '1.5.0')
    const [webhook, email] = (await harness.deliveries()).sort((a, b) => b.channel.localeCompare(a.channel))
    const detail = (): Promise<string> => redrive.one(webhook!.id, asked).then(String, (error: Error) => error.message)
    expect(await detail()).toBe(`The message is being sent on email of the partner (${email!.id}).`)
    await harness.leap(120)
    expect((await states()).sort()).toEqual(['va-deq dead', 'va-deq dead'])
    await redrive.one(webhook!.id, asked)
    await harness.quiet()
    expect(harness.sender.sent.map(({ channel }) => channel)).toEqual(['webhook', 'email', 'email', 'webhook'])
    harness.sender.script.set('va-deq/email', [204])
    await redrive.one(email!.id, asked)
    await harness.leap(1)
    expect(await detail()).toBe(`The message was delivered on email of the partner (${email!.id}).`)
  })

  it('with `deliver: first` is sent on the channel that took over, if all are redriven', async () => {
    const channels = [
      { kind: 'webhook' as const, url: 'https://va-deq.example/', secret: 'whsec_' },
      { kind: 'email' as const, to: 'air@va.example' },
    ]
    await harness.register({ id: 'va-deq', deliver: 'first', channels })
    harness.sender.script.set('va-deq/webhook', [500, 410])
    harness.sender.script.set('va-deq/email', [410, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.leap(120)
    const { redriven } = await redrive.many({ reason: 'r' }, 'operator')
    expect(redriven.map(({ channel }) => channel)).toEqual(['email'])
    await harness.quiet()
    expect((await states()).sort()).toEqual(['va-deq dead', 'va-deq delivered'])
  })

  it('stays delivered if it was, whatever the outcome', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [204, 410])
    await harness.complete(184, '2.0.0', '1.5.0')
    const [before] = await harness.deliveries()
    await redrive.one(before!.id, asked)
    await harness.quiet()
    expect(await harness.deliveries()).toMatchObject([{ state: 'delivered', deliveredAt: before!.deliveredAt }])
    expect(harness.sender.sent).toHaveLength(2)
    expect(await harness.said('hms.delivery.given-up.v1')).toMatchObject([{ delivery: before!.id, tries: 1 }])
  })

  it('stays delivered if its channel is down and the next channel of `deliver: first` takes over', async () => {
    const channels = [
      { kind: 'webhook' as const, url: 'https://va-deq.example/', secret: 'whsec_' },
      { kind: 'email' as const, to: 'air@va.example' },
    ]
    await harness.register({ id: 'va-deq', deliver: 'first', channels })
    harness.sender.script.set('va-deq/webhook', [204, 500])
    await harness.complete(184, '2.0.0', '1.5.0')
    await redrive.one((await harness.deliveries())[0]!.id, asked)
    await harness.advance(1)
    await harness.leap(3_600)
    expect((await harness.deliveries()).map(({ channel, state }) => `${channel} ${state}`).sort()).toEqual([
      'email delivered',
      'webhook delivered',
    ])
  })

  it('is not published as given up if a newer message replaces it, delivered before or not', async () => {
    await harness.register({ id: 'va-deq' })
    harness.sender.script.set('va-deq', [204, 500, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    const [{ id } = sampleDelivery()] = await harness.deliveries()
    const send = harness.sender.send.bind(harness.sender)
    harness.sender.send = async (attempt, signal) => {
      if (harness.sender.sent.length === 1) await harness.complete(185, '2.1.0', '2.0.0')
      return send(attempt, signal)
    }
    await redrive.one(id, asked)
    await harness.advance(1)
    expect((await harness.deliveries()).map(({ version, state, tries }) => `${version} ${state} ${tries}`).sort()).toEqual([
      '2.0.0 delivered 1',
      '2.1.0 delivered 1',
    ])
    expect(await harness.said('hms.delivery.given-up.v1')).toEqual([])
    expect(harness.sender.sent).toHaveLength(3)
  })
})

describe('a redrive of all abandoned messages', () => {
  beforeEach(async () => {
    await harness.register({ id: 'md-mde' }, { id: 'va-deq' }, { id: 'wv-dep' })
    for (const partner of ['md-mde', 'va-deq']) harness.sender.script.set(partner, [410, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
  })

  it('resends them, and no other message', async () => {
    const { redriven, more } = await redrive.many({ reason: 'r' }, 'operator')
    expect([redriven.map(({ partner }) => partner).sort(), more]).toEqual([['md-mde', 'va-deq'], false])
    await harness.advance(1)
    expect((await states()).sort()).toEqual(['md-mde delivered', 'va-deq delivered', 'wv-dep delivered'])
    expect(harness.sender.sent.filter(({ partner }) => partner === 'wv-dep')).toHaveLength(1)
  })

  it('selects by partner, policy, version and the time when a message was abandoned', async () => {
    const count = async (filter: object): Promise<number> => (await redrive.many({ reason: 'r', ...filter }, 'operator')).redriven.length
    for (const none of [
      { partner: 'wv-dep' },
      { policy: 'ozone' },
      { version: '1.0.0' },
      { since: '2026-01-01T00:00:01Z' },
      { until: '2026-01-01T00:00:00Z' },
    ])
      expect(await count(none), JSON.stringify(none)).toBe(0)
    expect(await count({ partner: 'md-mde', policy: 'epa-pm25-limit', version: '2.0.0', since: '2026-01-01T00:00:00Z' })).toBe(1)
    expect(await count({ until: '2026-01-01T00:00:01Z' })).toBe(1)
  })

  it('does not count skipped messages against its limit, so that a repeated request continues', async () => {
    const lane = 'md-mde/epa-pm25-limit/webhook'
    await harness.database.transaction(async (tx) => {
      for (let index = 0; index < 501; index++) {
        const [id, createdAt] = [`old-${index}`, new Date(Date.UTC(2025, 0, 1, 0, 0, index)).toISOString()]
        await tx.documents(DELIVERIES).put(sampleDelivery({ id, message: id, partner: 'md-mde', lane, state: 'dead', createdAt }))
      }
    })
    const { redriven, skipped, more } = await redrive.many({ reason: 'r' }, 'operator')
    expect([redriven.map(({ partner }) => partner).sort(), skipped.length, more]).toEqual([['md-mde', 'va-deq'], 501, false])
  })
})

it('limits redriven messages to one partner to five a second', async () => {
  await harness.register({ id: 'va-deq', lane: 'every' })
  harness.sender.script.set('va-deq', [410])
  for (let run = 1; run <= 3; run++) await harness.complete(run, `${run}.0.0`, null)
  harness.sender.script.set('va-deq', [204])
  await redrive.many({ reason: 'r' }, 'operator')
  await harness.quiet()
  await harness.advance(2)
  const versions = harness.sender.sent.slice(3).map(({ body }) => body.data.version)
  expect(versions).toEqual(['1.0.0', '2.0.0', '3.0.0'])
})
