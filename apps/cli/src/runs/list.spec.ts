import { describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { serveCanned, type Canned } from '../testing/canned-service.js'
import { runForTest, type CliRun } from '../testing/run-cli.js'

async function against(responses: Record<string, Canned>, ...argv: string[]): Promise<CliRun> {
  const service = await serveCanned(responses)
  try {
    return await runForTest(argv, { env: { HMS_URL: service.url } })
  } finally {
    await service.close()
  }
}

const STARTED = '2026-01-01T00:00:00Z'
const run = (number: number) => ({ run: number, state: 'SUCCEEDED', createdAt: STARTED, policies: [{ id: 'pm25', version: '1.0.0' }] })
/** Returns `count` runs, newest first. */
const runs = (newest: number, count: number): Canned => ({ body: Array.from({ length: count }, (_, index) => run(newest - index)) })
const numbers = (stdout: string): number[] => (JSON.parse(stdout) as { run: number }[]).map((each) => each.run)

describe('runs list', () => {
  it('names the start of the next page if there may be one', async () => {
    const { code, stdout, stderr } = await against({ 'GET /v1/runs': runs(250, 100) }, 'runs', 'list')
    expect([code, stdout.split('\n').length]).toEqual([0, 102])
    expect(stderr).toBe('The newest 100 are shown. Older ones: the same command with --before 151\n')
    expect((await against({ 'GET /v1/runs': runs(99, 99) }, 'runs', 'list')).stderr).toBe('')
  })

  it('passes its filters to the server', async () => {
    const responses = { 'GET /v1/runs?open=yes&state=PAUSED&before=184': runs(183, 2) }
    const { code, stdout, stderr } = await against(responses, 'runs', 'list', '--open', '--state', 'PAUSED', '--before', '#184', '--json')
    expect([code, numbers(stdout), stderr]).toEqual([0, [183, 182], ''])
    const none = await against({ 'GET /v1/runs?state=STALE': { body: [] } }, 'runs', 'list', '--state', 'STALE')
    expect(none.stderr).toBe('No matching runs.\n')
  })

  it('shows fewer or more runs than a page', async () => {
    const responses = { 'GET /v1/runs': runs(250, 100), 'GET /v1/runs?before=151': runs(150, 100), 'GET /v1/runs?before=51': runs(50, 50) }
    const few = await against(responses, 'runs', 'list', '--limit', '3', '--json')
    expect([numbers(few.stdout), few.stderr]).toEqual([[250, 249, 248], expect.stringContaining('--before 248')])
    const many = await against(responses, 'runs', 'list', '--limit', '150', '--json')
    expect([numbers(many.stdout).length, many.stderr]).toEqual([150, expect.stringContaining('--before 101')])
    const all = await against(responses, 'runs', 'list', '--limit', '1000', '--json')
    expect([numbers(all.stdout).length, all.stderr]).toEqual([250, ''])
  })

  it.each([
    [['--limit', '0'], '--limit 0 is no number from 1 to 1000'],
    [['--limit', '1001'], '--limit 1001 is no number'],
    [['--before', 'x'], 'x is not the number of a run'],
    [['--state', 'GONE'], 'GONE'],
  ])('refuses %j', async (flags, text) => {
    const { code, stderr } = await against({}, 'runs', 'list', ...flags)
    expect(code).toBe(2)
    expect(stderr).toContain(text)
  })
})

describe('a full list', () => {
  const ticket = { ticket: 1, state: 'OPEN', kind: 'EMERGENCY_REVIEW', run: 1, expiresAt: STARTED, policies: [], detail: '' }
  const approval = { run: 1, state: 'AWAITING_APPROVAL', policies: [], signedBy: [], missing: [], digest: 'sha256:1' }
  const letter = { id: 'x', service: 'linter', state: 'waiting', topic: 't', key: 'k', run: null, code: 'C', detail: 'd', at: STARTED }
  const lists = Object.fromEntries(SERVICES.map((name) => [`GET /v1/dead-letters/${name}?state=waiting`, { body: [] as unknown[] }]))

  it.each([
    ['tickets list', 'GET /v1/tickets?state=OPEN', ticket, 100, 'The newest 100 are shown'],
    ['approvals list', 'GET /v1/approvals?state=open', approval, 200, 'The newest 200 of each state are shown'],
    ['dlq list', 'GET /v1/dead-letters/linter?state=waiting', letter, 100, 'Of linter the newest 100 are shown'],
  ])('notes that there may be more rows: %s', async (verb, call, row, bound, text) => {
    const full = await against({ ...lists, [call]: { body: Array.from({ length: bound }, () => row) } }, ...verb.split(' '))
    expect([full.code, full.stderr]).toEqual([0, expect.stringContaining(text)])
    const rest = await against({ ...lists, [call]: { body: Array.from({ length: bound - 1 }, () => row) } }, ...verb.split(' '))
    expect(rest.stderr).not.toContain('are shown')
  })
})
