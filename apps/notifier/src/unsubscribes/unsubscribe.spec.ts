import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notifierFixture } from '../notifications/notifier-fixture.suite.js'
import { PARTNERS } from '../partners/partner.table.js'
import { SecretBox } from '../secrets/secret-box.js'
import { secretKey } from '../secrets/secret-keys.js'
import { Unsubscribe } from './unsubscribe.js'
import { sealAddressee } from '../secrets/unsubscribe-token.js'

const ADDRESS = 'air@va.example'
const AIR = { partner: 'va-deq', address: ADDRESS }

let harness: Awaited<ReturnType<typeof notifierFixture>>
let unsubscribes: Unsubscribe
let token: string
beforeEach(async () => {
  harness = await notifierFixture()
  unsubscribes = new Unsubscribe(harness.runtime.database, harness.runtime.outbox, harness.runtime.log, harness.box, harness.lanes)
  await harness.register({ id: 'va-deq', channels: [{ kind: 'email', to: ADDRESS }] })
  token = await sealAddressee(harness.box, AIR)
})
afterEach(() => harness.stop())

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'taken',
    ({ status, code, message }: { status: number; code: string; message: string }) => `${status} ${code} ${message}`,
  )

describe('an address that unsubscribes', () => {
  it('gets no further mail; the next message is reported as undelivered, and the agency can undo it with a reason', async () => {
    expect(await unsubscribes.read(token)).toEqual({ ...AIR, unsubscribedAt: null })
    const first = await unsubscribes.unsubscribe(token)
    expect(first.unsubscribedAt).toBe('2026-01-01T00:00:00.000Z')
    await harness.advance(1)
    expect(await unsubscribes.unsubscribe(token)).toEqual(first)
    expect(await harness.said('hms.partner.unsubscribed.v1')).toEqual([{ ...AIR, at: first.unsubscribedAt }])

    await harness.complete(184, '2.0.0', null)
    expect(harness.sender.sent).toEqual([])
    expect(await harness.deliveries()).toMatchObject([{ state: 'dead', log: [{ outcome: 'gone' }] }])
    expect(await harness.said('hms.notification.undelivered.v1')).toMatchObject([
      { partner: 'va-deq', detail: expect.stringContaining('hms-svc partners resubscribe va-deq') },
    ])

    const asked = { address: ADDRESS, reason: 'they called', by: 'operator' }
    expect(await unsubscribes.resubscribe('va-deq', asked)).toMatchObject({ unsubscribed: [] })
    await unsubscribes.resubscribe('va-deq', asked)
    expect(await harness.said('hms.partner.resubscribed.v1')).toMatchObject([{ ...AIR, reason: 'they called', by: 'operator' }])
    await harness.complete(185, '2.1.0', '2.0.0')
    expect(harness.sender.sent).toMatchObject([{ channel: 'email' }])
  })

  it('is reported to on-call partners immediately and once, on their own channels', async () => {
    const channels = [
      { kind: 'webhook' as const, url: 'https://anna.example/', secret: 'whsec_' },
      { kind: 'email' as const, to: 'anna@agency.example' },
    ]
    await harness.register({ id: 'anna', groups: ['on-call'], channels }, { id: 'ben', groups: ['second'] })
    harness.sender.script.set('anna/email', [500, 204])
    const { unsubscribedAt } = await unsubscribes.unsubscribe(token)
    await harness.advance(7)
    await unsubscribes.unsubscribe(token)
    await harness.advance(1)
    const data = { intent: 'partner-unsubscribed', partner: 'va-deq', address: ADDRESS, otherChannels: [] }
    expect(harness.sender.sent.map(({ channel }) => channel).sort()).toEqual(['email', 'email', 'webhook'])
    for (const { partner, body } of harness.sender.sent)
      expect([partner, body]).toMatchObject(['anna', { type: 'partner.unsubscribed', timestamp: unsubscribedAt, data }])
    expect(new Set(harness.sender.sent.map(({ id }) => id)).size).toBe(1)
  })

  it('opens no ticket if the message to on-call partners cannot be delivered', async () => {
    await harness.register({ id: 'anna', groups: ['on-call'] })
    harness.sender.script.set('anna', [410])
    await unsubscribes.unsubscribe(token)
    await harness.advance(1)
    expect(await harness.deliveries()).toMatchObject([{ partner: 'anna', state: 'dead', run: 0 }])
    expect(await harness.said('hms.notification.undelivered.v1')).toEqual([])
  })

  it('is the only one affected: other channels, addresses and partners are notified as before', async () => {
    const other = { kind: 'email' as const, to: 'water@va.example' }
    await harness.register(
      { id: 'va-deq', channels: [{ kind: 'email', to: ADDRESS }, other] },
      { id: 'md', channels: [{ kind: 'email', to: ADDRESS }] },
    )
    await unsubscribes.unsubscribe(token)
    await harness.complete(184, '2.0.0', null)
    expect(harness.sender.sent.map(({ partner }) => partner).sort()).toEqual(['md', 'va-deq'])
    expect(await harness.said('hms.notification.undelivered.v1')).toEqual([])
  })

  it('is named by an unforgeable token, and every other token gets the same response', async () => {
    const strange = new SecretBox(async () => [secretKey(Buffer.alloc(32, 9))])
    const tokens = [
      '',
      'x',
      `${token}x`,
      token.slice(0, -2),
      'x'.repeat(5_000),
      await sealAddressee(strange, AIR),
      await harness.box.seal(JSON.stringify([AIR.partner, ADDRESS]), 'partner/va-deq/webhook'),
      await sealAddressee(harness.box, { ...AIR, partner: 'stranger' }),
      await sealAddressee(harness.box, { ...AIR, address: 'gone@va.example' }),
    ]
    const refused = new Set(
      await Promise.all(tokens.flatMap((each) => [refusal(unsubscribes.unsubscribe(each)), refusal(unsubscribes.read(each))])),
    )
    expect([...refused]).toEqual([expect.stringMatching(/^404 HMS_UNSUBSCRIBE_UNKNOWN /)])
    const stored = await harness.database.transaction((tx) => tx.documents(PARTNERS).get('va-deq'))
    expect(stored!.unsubscribed).toBeUndefined()
  })
})
