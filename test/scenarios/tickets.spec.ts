import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TICKET_DECISIONS, TICKET_KINDS, type HmsError, type Ticket, type TicketDecision, type TicketKind } from '#libs/contracts'
import { signRunDecision } from '#libs/signing'
import { TICKETS } from '../../apps/approver/src/tickets/ticket.table.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { RawBot } from '../support/raw-bot.js'

const EVERYONE = { share: 10_000, scope: 'region:NCR', observeMs: 60_000, bakeMs: 1_000 }

let system: MemorySystem
let press: PipelineDriver
let bots: RawBot[] = []
beforeEach(async () => {
  system = await startMemorySystem({ HMS_APPROVER_PAUSE_DEADLINE: '10m', HMS_APPROVER_REVIEW_DEADLINE: '20m' })
  press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
})
afterEach(async () => {
  for (const bot of bots) bot.close()
  bots = []
  await system.stop()
})

const tickets = (): Promise<Ticket[]> => press.api.get<Ticket[]>('/v1/tickets')

async function answer(
  ticket: Ticket,
  decision: TicketDecision,
  signer = 'EPA Chief',
  reason = 'looked at it',
  named: { ticket?: number; byMs?: number } = decision === 'accept' ? { ticket: ticket.ticket } : {},
): Promise<Ticket> {
  const { run, attempt, digest: subject } = ticket
  const said = { run, attempt, subject, decision, reason, at: system.clock.now(), ...named }
  const statement = await signRunDecision(said, system.signers.get(signer)!)
  return press.api.post<Ticket>(`/v1/tickets/${ticket.ticket}/decisions`, { statement })
}

async function rolledBack(): Promise<number> {
  const run = await press.approve(['pm25@2.0.0=25'], EVERYONE)
  await press.whenState(run, 'CANARY')
  await system.settle()
  for (const bot of ['bot-1', 'bot-2']) {
    const reading = { id: bot, at: '2026-01-01T00:00:00Z', region: 'NCR', pm25: 5 }
    await press.api.post('/v1/alerts', { id: `alert-${bot}`, bot, region: 'NCR', kind: 'Violation', value: 5, reading })
  }
  await press.whenState(run, 'ROLLED_BACK')
  return run
}

async function silent(): Promise<number> {
  bots.push(await RawBot.connect(system.url, 'mute-1', 'NCR'))
  const run = await press.approve(['pm25@2.0.0=25'], EVERYONE)
  await press.reaches(run, 'PAUSED')
  return run
}

describe('a canary that failed', () => {
  it('is rolled back first, then opens an emergency review, which a person accepts once', async () => {
    const run = await rolledBack()
    expect(await press.limit('pm25')).toBe(35)
    const [ticket] = await tickets()
    expect(ticket).toMatchObject({
      run,
      attempt: 1,
      kind: 'EMERGENCY_REVIEW',
      state: 'OPEN',
      reason: 'UNEXPLAINED_ALERTS',
      allowed: ['accept'],
    })
    const accepted = await answer(ticket!, 'accept')
    expect(accepted).toMatchObject({ state: 'DECIDED', decided: { decision: 'accept', by: 'EPA Chief', reason: 'looked at it' } })
    await expect(answer(ticket!, 'accept', 'EPA Counsel', 'me too')).rejects.toMatchObject({ code: 'HMS_TICKET_CLOSED', status: 409 })
    expect((await press.show(run)).state).toBe('ROLLED_BACK')
  })

  it('notifies more people while no answer arrives, and the rollback stays in the end', async () => {
    await rolledBack()
    const steps = async (): Promise<string[]> => (await tickets())[0]!.told.map(({ to }) => to)
    expect(await steps()).toEqual(['on-call'])
    await press.passes(5 * 60_000 + 1_000)
    expect(await steps()).toEqual(['on-call', 'second'])
    await press.passes(10 * 60_000)
    expect(await steps()).toEqual(['on-call', 'second', 'director'])
    await system.runUntil(async () => (await tickets())[0]!.state === 'EXPIRED', 600_000)
    expect(await press.limit('pm25')).toBe(35)
  })
})

describe('a run that is paused', () => {
  it('opens a ticket that a decision about it closes, and the run follows the decision', async () => {
    const run = await silent()
    const [ticket] = await tickets()
    expect(ticket).toMatchObject({ run, kind: 'ACK_TIMEOUT', state: 'OPEN' })
    await answer(ticket!, 'abort')
    await press.whenState(run, 'ABORTED')
    await system.settle()
    expect(await tickets()).toMatchObject([{ state: 'DECIDED', decided: { decision: 'abort', by: 'EPA Chief' } }])
  })

  it('opens another ticket when it pauses again', async () => {
    const run = await silent()
    await press.decide(run, 'resume')
    await press.reaches(run, 'PAUSED')
    expect((await tickets()).map(({ ticket, state }) => [ticket, state])).toEqual([
      [2, 'OPEN'],
      [1, 'DECIDED'],
    ])
  })

  it('expires with the pause, and promotes nothing', async () => {
    const run = await silent()
    await press.reaches(run, 'ABORTED', 700_000)
    expect(await tickets()).toMatchObject([{ state: 'EXPIRED', decided: null }])
    expect(await press.limit('pm25')).toBe(35)
  })
})

/** What each kind offers at most. */
const OFFERED: Record<TicketKind, TicketDecision[]> = {
  EMERGENCY_REVIEW: ['accept'],
  POISONED: ['accept'],
  UNDELIVERED: ['accept'],
  BREAK_GLASS_REVIEW: ['accept'],
  INCONCLUSIVE: ['promote', 'resume', 'extend', 'retry', 'abort'],
  ACK_TIMEOUT: ['promote', 'resume', 'extend', 'retry', 'abort'],
}

const namedBy = (decision: TicketDecision): { ticket?: number; byMs?: number } =>
  decision === 'accept' ? { ticket: 1 } : decision === 'extend' ? { byMs: 60_000 } : {}

describe('a decision that a ticket does not offer', () => {
  it.each(TICKET_KINDS)('is a conflict that names those it does: %s', async (kind) => {
    const run = await rolledBack()
    const [reviewed] = await tickets()
    const ticket: Ticket = { ...reviewed!, kind, allowed: OFFERED[kind] }
    await system.host.runtimes.get('approver')!.database.transaction((tx) => tx.documents(TICKETS).put(ticket))
    for (const decision of TICKET_DECISIONS.filter((each) => !OFFERED[kind].includes(each))) {
      const { code, status, detail, next, state } = await answer(ticket, decision, 'EPA Chief', 'looked at it', namedBy(decision)).then(
        () => expect.fail(`${decision} was accepted`),
        (error: HmsError) => error,
      )
      expect({ code, status, detail, next, state }).toEqual({
        code: 'HMS_TICKET_DECISION_OTHER',
        status: 409,
        detail: expect.stringMatching(`^Ticket 1 allows ${OFFERED[kind].join(', ')}, not ${decision}.`),
        next: OFFERED[kind].map((each) => `hms-svc tickets decide 1 --decision ${each} --reason TEXT --sign NAME`),
        state: { state: 'OPEN', allowed: OFFERED[kind] },
      })
    }
    expect([(await tickets())[0]!.state, (await press.show(run)).state]).toEqual(['OPEN', 'ROLLED_BACK'])
  })
})

describe('an answer that does not count', () => {
  it('is one that the ticket does not allow, one about another run, or an unsigned one', async () => {
    const run = await rolledBack()
    const [ticket] = await tickets()
    await expect(answer(ticket!, 'promote')).rejects.toMatchObject({ code: 'HMS_TICKET_DECISION_OTHER', status: 409 })
    await expect(answer({ ...ticket!, run: run - 1 }, 'accept')).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_OTHER' })
    for (const named of [{}, { ticket: 99 }])
      await expect(answer(ticket!, 'accept', 'EPA Chief', 'of another', named)).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_OTHER' })
    await expect(answer({ ...ticket!, ticket: 99 }, 'accept')).rejects.toMatchObject({ code: 'HMS_TICKET_NOT_FOUND', status: 404 })
    const path = `/v1/tickets/${ticket!.ticket}/decisions`
    await expect(press.api.post(path, { statement: {} })).rejects.toMatchObject({ status: 403, code: 'HMS_APPROVER_SIGNATURE_INVALID' })
    expect((await tickets())[0]).toMatchObject({ state: 'OPEN' })
  })
})
