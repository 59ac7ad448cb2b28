import { createHmac } from 'node:crypto'
import { canonicalJson, type JsonObject } from '#libs/contracts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EVIDENCE } from '../delivery/evidence.table.js'
import { BREAKERS } from '../delivery/partner-gate.js'
import { receiptTokenIn } from '../delivery/receipt-token.js'
import { notifierFixture } from '../notifications/notifier-fixture.suite.js'
import { Acknowledge, type Callback } from './acknowledge.js'
import { MAX_TEXT } from './receipts.dto.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const MESSAGE = 'run_184_epa-pm25-limit_va-deq'

let harness: Awaited<ReturnType<typeof notifierFixture>>
let receipts: Acknowledge
beforeEach(async () => {
  harness = await notifierFixture()
  receipts = new Acknowledge(harness.runtime.database, harness.lanes, harness.box)
  await harness.register({ id: 'va-deq', channels: [{ kind: 'webhook', url: 'https://va-deq.example/', secret: SECRET }] })
})
afterEach(() => harness.stop())

const tokenOf = async (at = 0): Promise<string> => receiptTokenIn((await harness.deliveries())[at]!.body)!
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'taken',
    ({ status, code }: { status: number; code: string }) => `${status} ${code}`,
  )

/** Creates a call as a partner makes it. */
function call(dto: Callback['dto'] = { acknowledged: MESSAGE }, { key = SECRET, skewMs = 0, signed = JSON.stringify(dto) } = {}): Callback {
  const timestamp = String(Math.floor((harness.clock.now().getTime() + skewMs) / 1000))
  const mac = createHmac('sha256', Buffer.from(key.slice(6), 'base64'))
    .update(`ack_1.${timestamp}.${signed}`)
    .digest('base64')
  const headers = { 'webhook-id': 'ack_1', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` }
  return { headers, body: Buffer.from(JSON.stringify(dto)), dto }
}

describe('a signed call to a receipt', () => {
  beforeEach(() => harness.complete(184, '2.0.0', null))

  it('acknowledges once, with the time of the first call, and keeps the time of delivery', async () => {
    const token = await tokenOf()
    expect(await receipts.read(token)).toMatchObject({ messageId: MESSAGE, acknowledgedAt: null, signed: true })
    const first = await receipts.acknowledge(token, call({ acknowledged: MESSAGE, note: 'ticket 4711' }))
    await harness.advance(3)
    expect(await receipts.acknowledge(token, call())).toEqual(first)
    const [delivery] = await harness.deliveries()
    expect(delivery).toMatchObject({ state: 'delivered', deliveredAt: '2026-01-01T00:00:00.000Z', acknowledged: { way: 'callback' } })
    expect(delivery!.acknowledged).toMatchObject({ note: 'ticket 4711', keyId: expect.stringMatching(/^sha256:/) })
    expect(await harness.said('hms.delivery.acknowledged.v1')).toHaveLength(1)
  })

  it('counts only with the valid secret, the signed body, a current time and the message id', async () => {
    const token = await tokenOf()
    const other = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
    const refused = [
      call(undefined, { key: other }),
      call(undefined, { signed: '{}' }),
      call(undefined, { skewMs: 301_000 }),
      call(undefined, { skewMs: -301_000 }),
      { ...call(), headers: {} },
    ].map((each) => refusal(receipts.acknowledge(token, each)))
    expect(await Promise.all(refused)).toEqual(refused.map(() => '401 HMS_RECEIPT_SIGNATURE'))
    for (const dto of [{}, { acknowledged: 'run_183_epa-pm25-limit_va-deq' }])
      expect(await refusal(receipts.acknowledge(token, call(dto)))).toBe('422 HMS_RECEIPT_OTHER')
    expect((await harness.deliveries())[0]!.acknowledged).toBeUndefined()
  })

  it('gets the same error for every invalid token', async () => {
    const token = await tokenOf()
    const problems: unknown[] = []
    for (const wrong of ['', 'x', `${token}x`, token.slice(1), token.toUpperCase(), 'A'.repeat(43), '../partners']) {
      await receipts.acknowledge(wrong, call()).catch((error: Error & { code: string; status: number }) => {
        problems.push([error.status, error.code, error.message])
      })
    }
    harness.clock.advanceTo(harness.clock.now().getTime() + 30 * 24 * 3_600_000)
    await receipts
      .read(token)
      .catch((error: Error & { code: string; status: number }) => problems.push([error.status, error.code, error.message]))
    expect(problems).toHaveLength(8)
    expect(new Set(problems.map(String)).size).toBe(1)
    expect(problems[0]).toMatchObject([404, 'HMS_RECEIPT_UNKNOWN', expect.any(String)])
  })
})

describe('a package to a receipt', () => {
  const KEY = 'a secret of the integration layer'
  const pack = (data: JsonObject, { key = KEY, skewMs = 0 } = {}): Callback => {
    const meta = { from: 'va-deq', to: 'hms-svc', ts: new Date(harness.clock.now().getTime() + skewMs).toISOString(), ver: '1.0' }
    const unsigned = { meta, intent: 'acknowledge', data, tags: [] }
    const dto = { ...unsigned, sig: createHmac('sha256', key).update(canonicalJson(unsigned)).digest('hex') }
    return { headers: {}, body: Buffer.from(JSON.stringify(dto)), dto }
  }
  beforeEach(async () => {
    await harness.register({ id: 'va-deq', channels: [{ kind: 'a2a', url: 'https://va-deq.example/a2a', secret: KEY }] })
    await harness.complete(184, '2.0.0', null)
  })

  it('acknowledges a package and is signed like it', async () => {
    await receipts.acknowledge(await tokenOf(), pack({ acknowledged: MESSAGE, note: 'ticket 4711' }))
    const acknowledged = { way: 'callback', note: 'ticket 4711', keyId: expect.stringMatching(/^sha256:/) }
    expect(await harness.deliveries()).toMatchObject([{ state: 'delivered', acknowledged }])
  })

  it('keeps a note that is cut within a character as well-formed text', async () => {
    await receipts.acknowledge(await tokenOf(), pack({ acknowledged: MESSAGE, note: `${'x'.repeat(MAX_TEXT - 1)}😀` }))
    const { note } = (await harness.deliveries())[0]!.acknowledged!
    expect([note!.isWellFormed(), note!.length]).toEqual([true, MAX_TEXT])
  })

  it('counts only with the valid secret, the signed data, a current time and the message id; our own package does not', async () => {
    const token = await tokenOf()
    const changed = pack({ acknowledged: 'other' })
    const swapped = { ...changed, body: Buffer.from(changed.body.toString().replace('other', MESSAGE)), dto: { acknowledged: MESSAGE } }
    const whole = { acknowledged: MESSAGE }
    for (const call_ of [
      pack(whole, { key: `${KEY}.` }),
      pack(whole, { skewMs: 301_000 }),
      swapped,
      call(),
      { ...pack(whole), body: Buffer.from('[]') },
    ])
      expect(await refusal(receipts.acknowledge(token, call_))).toBe('401 HMS_RECEIPT_SIGNATURE')
    for (const data of [{}, { message: MESSAGE }, { acknowledged: 'run_183' }])
      expect(await refusal(receipts.acknowledge(token, pack(data)))).toBe('422 HMS_RECEIPT_OTHER')
  })
})

describe('a webhook secret that was replaced', () => {
  it('is not accepted for calls once it no longer signs messages', async () => {
    const old = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
    const previous = { secret: old, until: new Date(harness.clock.now().getTime() + 3_600_000).toISOString() }
    await harness.register({ id: 'va-deq', channels: [{ kind: 'webhook', url: 'https://va-deq.example/', secret: SECRET, previous }] })
    await harness.complete(184, '2.0.0', null)
    const token = await tokenOf()
    harness.clock.advanceTo(Date.parse(previous.until))
    expect(await refusal(receipts.acknowledge(token, call(undefined, { key: old })))).toBe('401 HMS_RECEIPT_SIGNATURE')
  })

  it('is accepted for calls as long as it signs messages', async () => {
    const old = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
    const previous = { secret: old, until: new Date(harness.clock.now().getTime() + 3_600_000).toISOString() }
    await harness.register({ id: 'va-deq', channels: [{ kind: 'webhook', url: 'https://va-deq.example/', secret: SECRET, previous }] })
    await harness.complete(184, '2.0.0', null)
    await receipts.acknowledge(await tokenOf(), call(undefined, { key: old }))
    expect(await harness.deliveries()).toMatchObject([{ acknowledged: { way: 'callback' } }])
  })
})

describe('a receipt', () => {
  it('ends the attempts at a message without a 2xx response, and the lane continues', async () => {
    await harness.register({ id: 'va-deq', lane: 'every', channels: [{ kind: 'webhook', url: 'https://va-deq.example/', secret: SECRET }] })
    harness.sender.script.set('va-deq', [500, 204])
    await harness.complete(184, '2.0.0', '1.5.0')
    await harness.complete(185, '2.1.0', '2.0.0')
    const first = (await harness.deliveries()).findIndex(({ version }) => version === '2.0.0')
    await receipts.acknowledge(await tokenOf(first), call())
    await harness.advance(1)
    expect(harness.sender.sent.map(({ body }) => body.data.version)).toEqual(['2.0.0', '2.1.0'])
    await harness.advance(60)
    expect(harness.sender.sent).toHaveLength(2)
    const states = (await harness.deliveries()).map(({ version, state }) => `${version} ${state}`)
    expect(states.sort()).toEqual(['2.0.0 delivered', '2.1.0 delivered'])
  })

  it('that arrives during the attempt loses neither its evidence, its event nor the recovery of the channel', async () => {
    harness.sender.script.set('va-deq', [500, 500, 500, 500, 500, 204])
    const send = harness.sender.send.bind(harness.sender)
    harness.sender.send = async (attempt, signal) => {
      if (attempt.triesBefore === 5) await receipts.acknowledge(await tokenOf(), call())
      return send(attempt, signal)
    }
    await harness.complete(184, '2.0.0', null)
    await harness.leap(1_800)
    const rows = await harness.database.transaction(async (tx) => [
      await tx.documents(BREAKERS).find(),
      (await tx.documents(EVIDENCE).find()).map(({ status }) => status),
    ])
    expect(rows).toEqual([[expect.objectContaining({ failures: 0, openUntil: null })], [500, 500, 500, 500, 500, 204]])
    expect(await harness.said('hms.delivery.delivered.v1')).toMatchObject([{ tries: 6, status: 204 }])
    const acknowledged = { way: 'callback', at: expect.any(String) as string }
    expect(await harness.deliveries()).toMatchObject([{ state: 'delivered', tries: 6, nextAttemptAt: null, acknowledged }])
    expect(harness.sender.sent).toHaveLength(6)
    expect(await harness.database.transaction((tx) => harness.runtime.timers.pending(tx, 'deliver:'))).toEqual([])
  })

  it('that arrives during an attempt that fails counts as delivered, and the attempt as failed', async () => {
    harness.sender.script.set('va-deq', [500, 204])
    const send = harness.sender.send.bind(harness.sender)
    harness.sender.send = async (attempt, signal) => {
      await receipts.acknowledge(await tokenOf(), call())
      return send(attempt, signal)
    }
    await harness.complete(184, '2.0.0', null)
    await harness.leap(1_800)
    expect(await harness.deliveries()).toMatchObject([{ state: 'delivered', tries: 1, log: [{ outcome: 'retry', status: 500 }] }])
    expect(await harness.database.transaction((tx) => tx.documents(BREAKERS).find())).toMatchObject([{ failures: 1 }])
    expect((await harness.said('hms.delivery.delivered.v1')).concat(await harness.said('hms.delivery.given-up.v1'))).toEqual([])
    expect(harness.sender.sent).toHaveLength(1)
  })

  it('of a channel without a secret is acknowledged by its token, but not by reading it', async () => {
    await harness.register({ id: 'va-deq', channels: [{ kind: 'email', to: 'air@va.example' }] })
    await harness.complete(184, '2.0.0', null)
    const token = await tokenOf()
    expect(await receipts.read(token)).toMatchObject({ acknowledgedAt: null, signed: false })
    expect((await harness.deliveries())[0]!.acknowledged).toBeUndefined()
    await receipts.acknowledge(token, { headers: {}, body: Buffer.from('{}'), dto: {} })
    expect((await harness.deliveries())[0]!.acknowledged).toMatchObject({ way: 'link', keyId: null })
  })

  it('has another token on the next channel when that channel takes over', async () => {
    const channels = [
      { kind: 'webhook' as const, url: 'https://va-deq.example/', secret: SECRET },
      { kind: 'email' as const, to: 'air@va.example' },
    ]
    await harness.register({ id: 'va-deq', deliver: 'first', channels })
    harness.sender.script.set('va-deq/webhook', [410])
    await harness.complete(184, '2.0.0', null)
    await harness.advance(1)
    const tokens = [await tokenOf(0), await tokenOf(1)]
    expect(new Set(tokens).size).toBe(2)
    const ways = await Promise.all(tokens.map((token) => receipts.read(token)))
    expect(ways.map(({ signed }) => signed).sort()).toEqual([false, true])
  })
})
