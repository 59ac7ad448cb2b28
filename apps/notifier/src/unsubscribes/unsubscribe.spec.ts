import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notifierFixture } from '../notifications/notifier-fixture.suite.js'
import { PARTNERS } from '../partners/partner.table.js'
import { SecretBox } from '../secrets/secret-box.js'
import { secretKey } from '../secrets/secret-keys.js'
import { Unsubscribe } from './unsubscribe.js'
import { sealAddressee } from '../secrets/unsubscribe-token.js'

const ADDRESS = 'air@va.example'
const AIR = { partner: 'va-deq', address: ADDRESS }

let world: Awaited<ReturnType<typeof notifierFixture>>
let unsubscribes: Unsubscribe
let token: string
beforeEach(async () => {
  world = await notifierFixture()
  unsubscribes = new Unsubscribe(world.runtime.database, world.runtime.outbox, world.runtime.log, world.box, world.lanes)
  await world.register({ id: 'va-deq', channels: [{ kind: 'email', to: ADDRESS }] })
  token = await sealAddressee(world.box, AIR)
})
afterEach(() => world.stop())

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
    await world.advance(1)
    expect(await unsubscribes.unsubscribe(token)).toEqual(first)
    expect(await world.said('hms.partner.unsubscribed.v1')).toEqual([{ ...AIR, at: first.unsubscribedAt }])

    await world.complete(184, '2.0.0', null)
    expect(world.sender.sent).toEqual([])
    expect(await world.deliveries()).toMatchObject([{ state: 'dead', log: [{ outcome: 'gone' }] }])
    expect(await world.said('hms.notification.undelivered.v1')).toMatchObject([
      { partner: 'va-deq', detail: expect.stringContaining('hms-svc partners resubscribe va-deq') },
    ])

    const asked = { address: ADDRESS, reason: 'they called', by: 'operator' }
    expect(await unsubscribes.resubscribe('va-deq', asked)).toMatchObject({ unsubscribed: [] })
    await unsubscribes.resubscribe('va-deq', asked)
    expect(await world.said('hms.partner.resubscribed.v1')).toMatchObject([{ ...AIR, reason: 'they called', by: 'operator' }])
    await world.complete(185, '2.1.0', '2.0.0')
    expect(world.sender.sent).toMatchObject([{ channel: 'email' }])
  })

  it('is reported to on-call partners immediately and once, on their own channels', async () => {
    const channels = [
      { kind: 'webhook' as const, url: 'https://anna.example/', secret: 'whsec_' },
      { kind: 'email' as const, to: 'anna@agency.example' },
    ]
    await world.register({ id: 'anna', groups: ['on-call'], channels }, { id: 'ben', groups: ['second'] })
    world.sender.script.set('anna/email', [500, 204])
    const { unsubscribedAt } = await unsubscribes.unsubscribe(token)
    await world.advance(7)
    await unsubscribes.unsubscribe(token)
    await world.advance(1)
    const data = { intent: 'partner-unsubscribed', partner: 'va-deq', address: ADDRESS, otherChannels: [] }
    expect(world.sender.sent.map(({ channel }) => channel).sort()).toEqual(['email', 'email', 'webhook'])
    for (const { partner, body } of world.sender.sent)
      expect([partner, body]).toMatchObject(['anna', { type: 'partner.unsubscribed', timestamp: unsubscribedAt, data }])
    expect(new Set(world.sender.sent.map(({ id }) => id)).size).toBe(1)
  })

  it('opens no ticket if the message to on-call partners cannot be delivered', async () => {
    await world.register({ id: 'anna', groups: ['on-call'] })
    world.sender.script.set('anna', [410])
    await unsubscribes.unsubscribe(token)
    await world.advance(1)
    expect(await world.deliveries()).toMatchObject([{ partner: 'anna', state: 'dead', run: 0 }])
    expect(await world.said('hms.notification.undelivered.v1')).toEqual([])
  })

  it('is the only one affected: other channels, addresses and partners are notified as before', async () => {
    const other = { kind: 'email' as const, to: 'water@va.example' }
    await world.register(
      { id: 'va-deq', channels: [{ kind: 'email', to: ADDRESS }, other] },
      { id: 'md', channels: [{ kind: 'email', to: ADDRESS }] },
    )
    await unsubscribes.unsubscribe(token)
    await world.complete(184, '2.0.0', null)
    expect(world.sender.sent.map(({ partner }) => partner).sort()).toEqual(['md', 'va-deq'])
    expect(await world.said('hms.notification.undelivered.v1')).toEqual([])
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
      await world.box.seal(JSON.stringify([AIR.partner, ADDRESS]), 'partner/va-deq/webhook'),
      await sealAddressee(world.box, { ...AIR, partner: 'stranger' }),
      await sealAddressee(world.box, { ...AIR, address: 'gone@va.example' }),
    ]
    const refused = new Set(
      await Promise.all(tokens.flatMap((each) => [refusal(unsubscribes.unsubscribe(each)), refusal(unsubscribes.read(each))])),
    )
    expect([...refused]).toEqual([expect.stringMatching(/^404 HMS_UNSUBSCRIBE_UNKNOWN /)])
    const stored = await world.database.transaction((tx) => tx.documents(PARTNERS).get('va-deq'))
    expect(stored!.unsubscribed).toBeUndefined()
  })
})
