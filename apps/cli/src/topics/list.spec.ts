import { describe, expect, it } from 'vitest'
import { SERVICES, type DeadLetterSummary, type TopicReport } from '#libs/contracts'
import { serveCanned, type Canned } from '../testing/canned-service.js'
import { runForTest, type CliRun } from '../testing/run-cli.js'

const UNAVAILABLE: Canned = { status: 503, body: { code: 'HMS_HTTP_UNAVAILABLE', detail: 'no instance answers', status: 503, next: [] } }
const letter = { id: 'x', service: 'linter', topic: 'hms.approval.v1', state: 'waiting' } as DeadLetterSummary
const ACTIVITY = {
  topic: 'hms.approval.v1',
  messages: 40,
  // The responding process knows only the lag of topics that it reads itself.
  groups: [
    { group: 'audit', messages: 0, seconds: 0 },
    { group: 'linter', messages: 9, seconds: 0 },
    { group: 'rollout', messages: 1, seconds: 0 },
  ],
  perMinute: [9, 1, 2, 3, 4, 5],
}

/** Lists the topics of a system whose services respond with `more`, and nothing else. */
async function listed(argv: string[], more: Record<string, Canned>): Promise<CliRun> {
  const quiet = SERVICES.flatMap((name) => [
    [`GET /v1/groups/${name}`, { body: [] }] as const,
    [`GET /v1/dead-letters/${name}?state=waiting&limit=1000`, { body: [] }] as const,
  ])
  const service = await serveCanned({ ...Object.fromEntries(quiet), 'GET /v1/topics': { body: [ACTIVITY] }, ...more })
  try {
    return await runForTest(['topics', 'list', ...argv], { env: { HMS_URL: service.url, HMS_BUS: 'kafka' } })
  } finally {
    await service.close()
  }
}

describe('topics list', () => {
  const responses: Record<string, Canned> = {
    'GET /v1/groups/linter': {
      body: [{ topic: 'hms.approval.v1', messages: 40, groups: [{ group: 'linter', messages: 7, seconds: 61.4 }] }],
    },
    'GET /v1/dead-letters/linter?state=waiting&limit=1000': { body: [letter, letter] },
  }

  it('prints rate, lag in messages and seconds, and dead letters of each topic', async () => {
    const { code, stdout, stderr } = await listed([], responses)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^TOPIC +EVENTS\/MIN +LAG +DEAD LETTERS +MESSAGES +PARTITIONS +PURPOSE\n/)
    expect(stdout).toMatch(/^hms\.approval\.v1 +3\.0 +linter 7 messages, 61 s; rollout 1 message, not known how long +2 +40 +12 +approved/m)
    expect(stdout).toMatch(/^hms\.lint\.v1 +0 +0 +0 +0 +12 +/m)
  })

  it('prints the same data with --json', async () => {
    const [report] = JSON.parse((await listed(['--json'], responses)).stdout) as TopicReport[]
    expect(report).toMatchObject({ name: 'hms.approval.v1', messages: 40, perMinute: ACTIVITY.perMinute, letters: 2 })
    expect(report?.lag).toEqual([
      { group: 'audit', messages: 0, seconds: null },
      { group: 'linter', messages: 7, seconds: 61.4 },
      { group: 'rollout', messages: 1, seconds: null },
    ])
  })

  it('names a service that does not respond, once', async () => {
    const away = { 'GET /v1/groups/linter': UNAVAILABLE, 'GET /v1/dead-letters/linter?state=waiting&limit=1000': UNAVAILABLE }
    const { code, stdout, stderr } = await listed([], away)
    expect(code).toBe(0)
    expect(stdout).toContain('linter 9 messages, not known how long')
    expect(stderr.match(/^! linter does not respond/gm)).toHaveLength(1)
  })
})
