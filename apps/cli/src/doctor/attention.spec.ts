import { expect, it } from 'vitest'
import type { ApiClient } from '#libs/client'
import type { CoverageView, FreezeView, RunView, Ticket } from '#libs/contracts'
import { checkAttention, judgeBots, judgeLeft, judgeFreezes, judgeOnCall, judgeRuns, judgeTickets } from './attention.js'

const NOW = Date.parse('2026-11-29T12:00:00Z')
const freeze = (id: string): FreezeView =>
  ({
    id,
    reason: 'drill',
    scope: 'global',
    state: 'ACTIVE',
    next: null,
    by: 'EPA Counsel',
    declaredAt: '2026-11-29T11:00:00Z',
  }) as FreezeView
const ticket = (number: number, expiresAt = '2026-11-30T12:00:00Z'): Ticket =>
  ({ ticket: number, run: 7, reason: 'NO_EVIDENCE', expiresAt }) as Ticket
const view = (since: string, more: Partial<CoverageView> = {}): CoverageView =>
  ({ policy: 'pm25', total: 2, lagging: [{ id: 'bot-7', since }], ...more }) as unknown as CoverageView

it('judgeFreezes reports the stop switch as wrong, and any other active freeze as a warning', () => {
  expect(judgeFreezes([freeze('stop-the-line')])).toMatchObject([
    { check: 'stop switch', state: 'wrong', detail: 'stop-the-line is on since 2026-11-29T11:00:00Z, by EPA Counsel: drill' },
  ])
  expect(judgeFreezes([freeze('quiet-week')])).toMatchObject([{ state: 'warn', detail: expect.stringContaining('quiet-week') as string }])
  expect(judgeFreezes([{ ...freeze('old'), state: 'OVER' }])).toMatchObject([{ state: 'ok' }])
})

it('judgeTickets counts open and overdue tickets', () => {
  expect(judgeTickets([], NOW).state).toBe('ok')
  const open = [ticket(1), ticket(2, '2026-11-29T11:00:00Z')]
  expect(judgeTickets(open, NOW)).toMatchObject({
    state: 'wrong',
    detail: '2 wait for a decision, 1 overdue: 1 (run #7, NO_EVIDENCE), 2 (run #7, NO_EVIDENCE)',
  })
})

it('judgeRuns reports runs that are late', () => {
  const run = { run: 4, state: 'QUEUED' } as RunView
  expect(judgeRuns([run]).state).toBe('ok')
  expect(judgeRuns([run, { ...run, run: 5, late: true }])).toMatchObject({ state: 'wrong', next: 'hms-svc runs show 5' })
})

it('judgeOnCall warns if no partner is in the group on-call', () => {
  expect(judgeOnCall([{ groups: ['second'] }])).toMatchObject({ state: 'warn', next: 'hms-svc partners add FILE' })
  expect(judgeOnCall([{ groups: ['on-call'] }])).toMatchObject({
    state: 'ok',
    detail: expect.stringContaining('second, director') as string,
  })
})

it('judgeBots reports bots that are behind for over a minute, and tolerates a shorter time', () => {
  expect(judgeBots([view('2026-11-29T11:58:00Z')], 0, NOW)).toMatchObject({
    state: 'wrong',
    detail: expect.stringContaining('bot-7') as string,
  })
  expect(judgeBots([view('2026-11-29T11:59:30Z')], 0, NOW)).toMatchObject({
    state: 'ok',
    detail: '1 behind for less than a minute; all other connected bots apply the expected releases',
  })
})

it('judgeBots does not report bots as current that are not connected or were not checked', () => {
  const none = { lagging: [] }
  expect(judgeBots([view('', none)], 0, NOW).detail).toBe('all connected bots apply the expected releases')
  expect(judgeBots([view('', { ...none, total: 0 })], 0, NOW).detail).toBe('no named bot is connected')
  expect(judgeBots([view('', none)], 2, NOW)).toMatchObject({
    state: 'unknown',
    detail: 'the bots of 2 of 3 policies in force were not looked at',
  })
})

it('judgeLeft warns of bots that left while behind, and names each once', () => {
  const left = ['bot-8', 'bot-9'].map((id) => ({ id })) as CoverageView['left']
  expect(judgeLeft([view('', {})])).toEqual([])
  expect(judgeLeft([view('', { left: left!.slice(1) }), view('', { policy: 'ozone', left })])).toEqual([
    {
      check: 'bots that left',
      state: 'warn',
      detail: '2 left while behind within seven days, and did not return: bot-9, bot-8',
      next: 'hms-svc coverage ozone',
    },
  ])
})

it('checkAttention finds a late run behind a hundred newer ones', async () => {
  const pages = [Array.from({ length: 100 }, (_, at) => ({ run: 101 - at, state: 'QUEUED' })), [{ run: 1, state: 'CANARY', late: true }]]
  const get = (path: string, query: { before?: number } = {}): Promise<unknown[]> =>
    Promise.resolve(path === '/v1/runs' ? (query.before === 2 ? pages[1]! : pages[0]!) : [])
  const checks = await checkAttention({ get } as unknown as ApiClient, NOW)
  expect(checks.find(({ check }) => check === 'runs')).toMatchObject({ state: 'wrong', next: 'hms-svc runs show 1' })
})
