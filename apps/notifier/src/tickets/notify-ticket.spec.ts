import type { Ticket } from '#libs/contracts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notifierFixture } from '../notifications/notifier-fixture.suite.js'
import { NotifyTicket } from './notify-ticket.js'

const AT = '2026-01-01T00:00:00.000Z'
const TICKET: Ticket = {
  ticket: 7,
  run: 184,
  attempt: 1,
  digest: 'sha256:2',
  policies: [{ id: 'epa-pm25-limit', version: '2.0.0', digest: 'sha256:1' }],
  kind: 'EMERGENCY_REVIEW',
  state: 'OPEN',
  reason: 'UNEXPLAINED_ALERTS',
  detail: '2 unexplained alerts',
  allowed: ['accept'],
  openedAt: AT,
  expiresAt: '2026-01-02T00:00:00.000Z',
  told: [{ to: 'on-call', at: AT }],
  decided: null,
  closedAt: null,
}
const SECOND: Ticket = { ...TICKET, told: [...TICKET.told, { to: 'second', at: '2026-01-01T00:05:00.000Z' }] }
const CLOSED: Ticket = {
  ...SECOND,
  state: 'DECIDED',
  decided: { decision: 'accept', by: 'EPA Chief', reason: 'known', at: AT },
  closedAt: AT,
}

let harness: Awaited<ReturnType<typeof notifierFixture>>
let tickets: NotifyTicket
beforeEach(async () => {
  harness = await notifierFixture()
  tickets = new NotifyTicket(harness.runtime.log, harness.lanes)
  const mail = (to: string) => [{ kind: 'email' as const, to }]
  await harness.register(
    { id: 'anna', groups: ['on-call'], channels: mail('anna@agency.example') },
    { id: 'ben', groups: ['second', 'director'], channels: mail('ben@agency.example') },
    { id: 'va-deq' },
  )
})
afterEach(() => harness.stop())

const tell = async (ticket: Ticket, what: 'open' | 'close' = 'open'): Promise<void> => {
  await harness.database.transaction((tx) => tickets[what](tx, ticket))
  await harness.quiet()
}
const notified = (): string[] => harness.sender.sent.map(({ partner, id, body: { type } }) => `${partner} ${type} ${id}`)

describe('a ticket', () => {
  it('is sent once to each escalation step, on the channels of its partners', async () => {
    await tell(TICKET)
    expect(notified()).toEqual(['anna ticket.opened ticket_7_on-call_anna'])
    const data = { intent: 'ticket', ticket: 7, run: 184, kind: 'EMERGENCY_REVIEW', policies: ['epa-pm25-limit@2.0.0'], step: 'on-call' }
    expect(harness.sender.sent[0]).toMatchObject({ channel: 'email', body: { timestamp: AT, data: { ...data, allowed: ['accept'] } } })
    await tell(SECOND)
    await tell(SECOND)
    expect(notified().slice(1)).toEqual(['ben ticket.opened ticket_7_second_ben'])
  })

  it('is closed only for the partners that were notified of it, and replaces queued messages', async () => {
    harness.sender.script.set('anna', [500, 204])
    await tell(TICKET)
    await tell({ ...CLOSED, told: TICKET.told }, 'close')
    await harness.advance(7)
    expect(notified()).toEqual(['anna ticket.opened ticket_7_on-call_anna', 'anna ticket.closed ticket_7_closed_anna'])
    expect((await harness.deliveries()).map(({ version, state }) => `${version} ${state}`)).toEqual([
      'closed delivered',
      'on-call superseded',
    ])
  })

  it('is all that on-call partners receive, unless a run names them', async () => {
    await harness.complete(184, '2.0.0', null)
    expect(harness.sender.sent.map(({ partner }) => partner)).toEqual(['va-deq'])
    await harness.complete(185, '2.1.0', '2.0.0', ['on-call'])
    expect(harness.sender.sent.at(-1)).toMatchObject({ partner: 'anna', body: { type: 'policy.updated' } })
  })

  it('opens no other ticket if it cannot be sent', async () => {
    harness.sender.script.set('anna', [410])
    await tell(TICKET)
    expect(await harness.deliveries()).toMatchObject([{ state: 'dead', policy: 'ticket:7' }])
    expect(await harness.said('hms.notification.undelivered.v1')).toEqual([])
  })
})
