import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { signWebhook, verifyWebhook } from '#libs/client'
import type { AuditEntry, DeliveryDetail, DeliveryView, Problem, ReceiptView, Ticket } from '#libs/contracts'
import { signRunDecision } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const PLAN = { share: 10_000, scope: 'region:NCR', observeMs: 1_000, bakeMs: 1_000 }

let system: MemorySystem
let press: PipelineDriver
let receiver: Server
let received: { id: string; type: string; receipt: string }[]
let status: number
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
  received = []
  status = 204
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { type, data } = verifyWebhook(SECRET, request.headers, Buffer.concat(chunks), { now: system.clock.now() })
    received.push({ id: String(request.headers['webhook-id']), type, receipt: String(data['receipt']) })
    response.writeHead(type.startsWith('ticket.') ? 204 : status).end()
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const webhook = webhookHere()
  await press.api.post('/v1/partners', { id: 'va-deq', name: 'Virginia', channels: [{ webhook }], networks: ['127.0.0.1/32'] })
})
afterEach(async () => {
  receiver.close()
  receiver.closeAllConnections()
  await system.stop()
})

const webhookHere = () => ({ url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, secret: SECRET })
const deliveries = (): Promise<DeliveryView[]> => press.api.get('/v1/deliveries')

/** What audit logged of the deliveries of a run, in this order; entries get their places some time after they came. */
async function trailHas(run: number, words: string[]): Promise<void> {
  let types: string[] = []
  const read = async (): Promise<boolean> => {
    const entries = await press.api.get<AuditEntry[]>('/v1/audit/entries', { run })
    types = entries.map(({ type }) => type).filter((type) => type.startsWith('hms.delivery.'))
    return types.length >= words.length
  }
  await system.runUntil(read, 10_000)
  expect(types).toEqual(words.map((word) => `hms.delivery.${word}.v1`))
}

/** The partner's own call. */
async function acknowledge(at = 0): Promise<[number, ReceiptView | Problem]> {
  const { id, receipt } = received[at]!
  const body = JSON.stringify({ acknowledged: id, note: 'ticket 4711' })
  const headers = { 'content-type': 'application/json', ...signWebhook(SECRET, { id: 'ack_1', timestamp: system.clock.now(), body }) }
  const response = await fetch(system.url + new URL(receipt, system.url).pathname, { method: 'POST', headers, body })
  return [response.status, (await response.json()) as ReceiptView | Problem]
}

it('a delivery is acknowledged by the partner’s signed call alone, in the trail and in the clock of the run', async () => {
  const run = await press.approve(['pm25-limit@1.0.0=35'], PLAN)
  await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 400_000)
  const [told] = await deliveries()
  expect(told).toMatchObject({ state: 'delivered', deliveredAt: expect.any(String), acknowledgedAt: null, acknowledgedBy: null })
  const { tries } = await press.api.get<DeliveryDetail>(`/v1/deliveries/${told!.id}`)
  expect(tries).toMatchObject([{ status: 204, address: '127.0.0.1', keyId: expect.stringMatching(/^sha256:/) }])

  const [code, receipt] = await acknowledge()
  expect([code, receipt]).toMatchObject([200, { partner: 'va-deq', acknowledgedAt: expect.any(String) }])
  expect(await acknowledge()).toEqual([200, receipt])
  await system.runUntil(async () => ((await press.show(run)).clock?.acknowledged ?? 0) === 1, 10_000)
  expect((await press.show(run)).clock).toMatchObject({ partners: 1, told: 1, toldInTime: 1, acknowledged: 1 })
  expect(await deliveries()).toMatchObject([{ state: 'delivered', acknowledgedBy: 'callback' }])
  await trailHas(run, ['delivered', 'acknowledged'])
})

it('what was given up is sent again by a person, under the same id, and both are in the trail', async () => {
  status = 410
  const run = await press.approve(['pm25-limit@1.0.0=35'], PLAN)
  await system.runUntil(async () => (await deliveries())[0]?.state === 'dead', 400_000)
  status = 204
  await press.api.post('/v1/deliveries/redrive', { reason: 'their gateway is back' })
  await system.runUntil(async () => (await deliveries())[0]?.state === 'delivered', 10_000)
  expect(new Set(received.map(({ id }) => id)).size).toBe(1)
  await trailHas(run, ['given-up', 'redriven', 'delivered'])
})

/** Registers a partner that is notified of tickets. */
const registerOnDuty = (): Promise<unknown> => {
  const [channels, networks] = [[{ webhook: webhookHere() }], ['127.0.0.1/32']]
  return press.api.post('/v1/partners', { id: 'on-duty', name: 'On duty', groups: ['on-call'], channels, networks })
}

it('a partner that no channel reached opens a ticket: the on-call person is notified once of it, and of its end', async () => {
  await registerOnDuty()
  status = 410
  const run = await press.approve(['pm25-limit@1.0.0=35'], PLAN)
  await system.runUntil(async () => received.some(({ type }) => type === 'ticket.opened'), 400_000)
  await press.whenState(run, 'SUCCEEDED')
  const [ticket] = await press.api.get<Ticket[]>('/v1/tickets')
  expect(ticket).toMatchObject({ run, kind: 'UNDELIVERED', state: 'OPEN', reason: 'PARTNER_NOT_REACHED', allowed: ['accept'] })
  expect(ticket!.detail).toBe('va-deq was not notified of pm25-limit@1.0.0 by webhook in 1 try: answered 410 Gone')
  const about = { run, attempt: 1, subject: ticket!.digest, ticket: ticket!.ticket }
  const said = { ...about, decision: 'accept' as const, reason: 'told by phone', at: system.clock.now() }
  const statement = await signRunDecision(said, system.signers.get('EPA Chief')!)
  expect(await press.api.post<Ticket>(`/v1/tickets/${ticket!.ticket}/decisions`, { statement })).toMatchObject({ state: 'DECIDED' })
  await system.runUntil(async () => received.some(({ type }) => type === 'ticket.closed'), 10_000)
  expect(received.map(({ type }) => type)).toEqual(['policy.updated', 'ticket.opened', 'ticket.closed'])
})

it('the ticket about partners that were not reached closes without a decision when the last of them is reached', async () => {
  await registerOnDuty()
  const [channels, networks] = [[{ webhook: webhookHere() }], ['127.0.0.1/32']]
  await press.api.post('/v1/partners', { id: 'md-mde', name: 'Maryland', channels, networks })
  status = 410
  await press.approve(['pm25-limit@1.0.0=35'], PLAN)
  const ticket = async (): Promise<Ticket> => (await press.api.get<Ticket[]>('/v1/tickets'))[0]!
  await system.runUntil(async () => (await ticket())?.unreached?.length === 2, 400_000)
  status = 204
  const redrive = (partner: string): Promise<unknown> => press.api.post('/v1/deliveries/redrive', { partner, reason: 'they are back' })
  await redrive('va-deq')
  await system.runUntil(async () => (await ticket()).unreached!.length === 1, 10_000)
  expect((await ticket()).state).toBe('OPEN')
  await redrive('md-mde')
  await system.runUntil(async () => received.some(({ type }) => type === 'ticket.closed'), 10_000)
  expect(await ticket()).toMatchObject({ state: 'MOOT', unreached: [], decided: null })
})
