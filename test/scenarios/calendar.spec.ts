import ICAL from 'ical.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runForTest } from '../../apps/cli/src/testing/run-cli.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const DAY_MS = 24 * 60 * 60 * 1000

let system: MemorySystem
let press: PipelineDriver
const start = async (profile: 'dev' | 'production'): Promise<void> => {
  system = await startMemorySystem({ HMS_PROFILE: profile })
  press = new PipelineDriver(system)
}
afterEach(() => system.stop())

const read = async (address = `${system.url}/v1/calendar.ics`): Promise<string> => (await fetch(address)).text()
const events = (calendar: string): Record<string, string>[] =>
  new ICAL.Component(ICAL.parse(calendar) as never).getAllSubcomponents('vevent').map((event) => {
    const { uid, summary, description, startDate, endDate } = new ICAL.Event(event)
    const hasEnd = event.getFirstProperty('dtend') !== null
    const status = event.getFirstPropertyValue('status') as string
    return {
      uid: uid.split('@')[0]!,
      summary,
      description,
      start: startDate.toString(),
      ...(hasEnd ? { end: endDate.toString() } : {}),
      status,
    }
  })
/** Sequence of each event, by the start of its UID. */
const sequences = (calendar: string): Record<string, number> =>
  Object.fromEntries(
    new ICAL.Component(ICAL.parse(calendar) as never).getAllSubcomponents('vevent').map((event) => {
      const { uid, sequence } = new ICAL.Event(event)
      return [uid.split('@')[0]!, sequence]
    }),
  )
const inDays = (days: number): string => new Date(system.clock.now().getTime() + days * DAY_MS).toISOString().replace('.000', '')

describe('the calendar', () => {
  beforeEach(() => start('dev'))

  it('has effective times of runs that are held, wait or succeeded, with the same UID at every read', async () => {
    await press.whenState(await press.approve(['pm25@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
    const at = inDays(5)
    const held = await press.approve(['ozone@1.0.0=70'], AT_ONCE, { effective: at })
    await press.whenState(held, 'WAITING')
    expect(events(await read())).toEqual([
      { uid: 'run-2-ozone', summary: 'ozone 1.0.0 takes effect', description: 'Run 2: WAITING', start: at, status: 'TENTATIVE' },
      {
        uid: 'run-1-pm25',
        summary: 'pm25 1.0.0 takes effect',
        description: 'Run 1: SUCCEEDED',
        start: '2024-09-01T00:00:00Z',
        status: 'CONFIRMED',
      },
    ])
    const before = await read()
    await press.passes(60_000)
    expect(await read()).toBe(before)
    system.clock.advanceTo(new Date(at).getTime())
    await press.whenState(held, 'SUCCEEDED')
    const after = sequences(await read())
    expect(after['run-2-ozone']).toBeGreaterThan(sequences(before)['run-2-ozone']!)
    expect(after['run-1-pm25']).toBe(sequences(before)['run-1-pm25'])
    const third = await press.approve(['lead@1.0.0=2'], AT_ONCE, { effective: inDays(5) })
    await press.whenState(third, 'WAITING')
    await press.decide(third, 'abort')
    expect(events(await read()).map(({ uid }) => uid)).toEqual(['run-2-ozone', 'run-1-pm25'])
  })

  it('has freezes with their end, the occurrences of recurring ones, and what was lifted until then', async () => {
    const [from, until] = [inDays(10), inDays(12)]
    await press.freeze({ id: 'election-week', reason: 'polling; reports, all', from, until })
    await press.freeze({ id: 'stop-the-line', reason: 'drill' })
    await press.freeze({ id: 'weekend', reason: 'nights', recurrence: { cron: '0 18 * * 5', zone: 'America/New_York', for: '60h' } })
    await system.settle()
    const found = events(await read())
    expect(found.find(({ uid }) => uid === 'freeze-election-week')).toMatchObject({
      summary: 'Freeze election-week (global)',
      description: expect.stringContaining('polling; reports, all\n'),
      start: from,
      end: until,
    })
    // Without an end it is shown until beyond tomorrow, at every read.
    expect(found.find(({ uid }) => uid === 'freeze-stop-the-line')).toHaveProperty('end', '2026-03-04T00:00:00Z')
    const weekends = found.filter(({ uid }) => uid!.startsWith('freeze-weekend-'))
    // The first one is under way. Daylight saving time begins on Sunday, 8 March.
    expect(weekends.slice(1, 3)).toMatchObject([
      { start: '2026-03-06T23:00:00Z', end: '2026-03-09T11:00:00Z' },
      { start: '2026-03-13T22:00:00Z', end: '2026-03-16T10:00:00Z' },
    ])
    expect(new Set(found.map(({ uid }) => uid)).size).toBe(found.length)
    const before = sequences(await read())
    await press.passes(3_600_000)
    expect(sequences(await read())).toEqual(before)
    await press.lift('stop-the-line')
    await press.lift('election-week')
    const later = events(await read())
    expect(later.find(({ uid }) => uid === 'freeze-stop-the-line')).toHaveProperty('end', expect.stringMatching(/^2026-03-02T10:00:/))
    expect(later.find(({ uid }) => uid === 'freeze-election-week')).toBeUndefined()
    expect(sequences(await read())['freeze-stop-the-line']).toBeGreaterThan(before['freeze-stop-the-line']!)
  })
})

describe('the address of the calendar in production', () => {
  beforeEach(() => start('production'))

  const key = (...scopes: string[]): Promise<{ id: string; token: string }> => press.api.post('/v1/tokens', { scopes }) as never
  const addressOf = async (token: string): Promise<string> =>
    (await runForTest(['tokens', 'calendar'], { env: { HMS_URL: system.url, HMS_TOKEN: token } })).stdout.trim()
  const status = async (address: string): Promise<number> => (await fetch(address)).status

  it('opens with the key of a key that may read, until that is revoked, and opens nothing else', async () => {
    const { id, token } = await key('read')
    const address = await addressOf(token)
    expect(address).not.toContain(token.slice(-43))
    expect(await read(address)).toMatch(/^BEGIN:VCALENDAR\r\n/)
    const others = ['/v1/runs', '/v1/export', '/v1/policies', '/ofrep/v1/events', '/v1/history']
    expect(await Promise.all(others.map((path) => status(address.replace('/v1/calendar.ics', path))))).toEqual(others.map(() => 401))
    await press.api.post('/v1/tokens/{id}/revoke', {}, { params: { id } })
    expect(await status(address)).toBe(401)
  })

  it('is refused without a key, with another one, and of a key that may not read', async () => {
    const address = await addressOf((await key('read')).token)
    expect(await status(address.split('?')[0]!)).toBe(401)
    expect(await status(`${address.slice(0, -1)}${address.endsWith('0') ? '1' : '0'}`)).toBe(401)
    for (const scope of ['bot:b1', 'partner:p1']) expect(await status(await addressOf((await key(scope)).token))).toBe(403)
    const { token } = await key('read')
    const response = await fetch(`${system.url}/v1/calendar.ics`, { headers: { authorization: `Bearer ${token}` } })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/calendar; charset=utf-8'])
  })
})
