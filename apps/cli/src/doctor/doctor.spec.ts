import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { runForTest } from '../testing/run-cli.js'
import { serveCanned } from '../testing/canned-service.js'
import type { ServiceState } from '#libs/contracts'
import { judgeLag, judgeLetters, judgeServices } from './services.js'
import { judgeFreeSpace, judgeRoster } from './doctor.js'

const NOW = Date.parse('2026-03-01T00:00:00Z')
const up = (more: Partial<ServiceState> = {}): ServiceState => ({
  service: 'linter',
  state: 'up',
  database: 'up',
  migrations: 'current',
  broker: 'up',
  clockOffMs: 3,
  ...more,
})
const judged = (service: ServiceState, at: number | undefined = NOW) =>
  judgeServices({ at, services: [up({ service: 'approver' }), service] }, NOW)
    .filter(({ state }) => state !== 'ok')
    .map(({ check, state, next }) => `${state} ${check} → ${next}`)

describe('doctor finds', () => {
  it('nothing wrong in a healthy system', () => expect(judged(up())).toEqual([]))

  it.each<[string, ServiceState, string]>([
    ['a database that is away', up({ state: 'down', database: 'down' }), 'wrong database → hms-svc help environment'],
    ['a schema that is old', up({ state: 'down', migrations: 'missing' }), 'wrong schema → hms-svc migrate'],
    ['a broker that is silent', up({ state: 'degraded', broker: 'degraded' }), 'wrong broker → hms-svc topics diff'],
    [
      'what a service is concerned about',
      up({ state: 'degraded', concerns: ['a witness contradicts the log'] }),
      'wrong linter → hms-svc audit verify',
    ],
    ['a clock ahead of the database', up({ clockOffMs: 3_600_000 }), 'wrong clock → timedatectl status'],
    ['a clock behind it', up({ clockOffMs: -6_000 }), 'wrong clock → timedatectl status'],
    ['a service without an instance behind the edge', { service: 'linter', state: 'down' }, 'wrong services → hms-svc serve linter'],
  ])('%s', (_what, service, line) => expect(judged(service)).toEqual([line]))

  it('a wrong clock of this machine', () => expect(judged(up(), NOW - 60_000)).toEqual(['wrong clock → timedatectl status']))

  it.each([
    [6_000, "linter is 6 s ahead of the database's clock"],
    [-6_000, "linter is 6 s behind the database's clock"],
  ])('by how much a clock is off: %i ms', (clockOffMs, detail) =>
    expect(judgeServices({ at: NOW, services: [up({ clockOffMs })] }, NOW).find(({ check }) => check === 'clock')?.detail).toBe(detail),
  )

  it('the worst lag in seconds', () => {
    const behind = (topic: string, seconds: number | null) => ({ topic, lag: [{ group: 'linter', messages: 2, seconds }] })
    expect(judgeLag([behind('a', 30)]).state).toBe('ok')
    expect(judgeLag([behind('a', null), behind('b', 61), behind('c', 600)])).toMatchObject({
      state: 'wrong',
      detail: 'linter is 2 messages and 600 s behind on c',
    })
    expect(judgeLag([behind('a', 30), behind('b', null)])).toMatchObject({
      state: 'unknown',
      detail: 'linter does not report how old its lag on b is',
    })
  })

  it('dead letters, and a roster that expires', () => {
    expect([judgeLetters(0).state, judgeLetters(2).state]).toEqual(['ok', 'wrong'])
    const roster = (expires: string) => judgeRoster({ version: 2, expires }, NOW).state
    expect(['2026-02-01T00:00:00Z', '2026-03-20T00:00:00Z', '2027-01-01T00:00:00Z'].map(roster)).toEqual(['wrong', 'warn', 'ok'])
  })

  it('an unknown state of services that did not respond', () => {
    expect(judgeLetters(0, ['notifier'])).toMatchObject({
      state: 'unknown',
      detail: 'none wait in the services that responded; notifier did not respond',
    })
    expect(judgeLetters(1_000, [], true).detail).toBe('1000 or more wait for a person')
    const detailOf = (check: string, ...services: ServiceState[]) =>
      judgeServices({ at: NOW, services }, NOW).find((each) => each.check === check && each.state !== 'wrong')?.detail
    expect(detailOf('clock', up(), up({ service: 'audit', clockOffMs: undefined }))).toBe(
      'not reported by audit; the others are within five seconds',
    )
    const [old, dark] = [up({ state: 'down', migrations: 'missing' }), up({ state: 'down', database: 'down', clockOffMs: undefined })]
    expect(detailOf('clock', dark)).toBe('not measured, because no service reaches its database')
    expect(detailOf('clock', { service: 'linter', state: 'down' })).toBe('not measured, because no service reaches its database')
    expect([detailOf('schema', up()), detailOf('schema', old)]).toEqual(['up to date', undefined])
    expect(detailOf('schema', up({ service: 'audit' }), dark)).toBe('up to date for audit')
  })

  it('a disk that is nearly full', () => {
    const room = (mib: number) =>
      judgeFreeSpace('disk', mib * 1024 * 1024, { wrong: 100 * 1024 * 1024, warn: 1024 * 1024 * 1024 }, 'free', 'df -h')
    expect([50, 500, 5_000].map((mib) => room(mib).state)).toEqual(['wrong', 'warn', 'ok'])
  })
})

describe('hms-svc doctor', () => {
  it('prints the next step and exits with 11 if the server is unreachable', async () => {
    const { code, stdout } = await runForTest(['doctor', '--url', 'http://127.0.0.1:9'])
    expect([code, stdout]).toEqual([
      11,
      expect.stringMatching(/✗ port .*no server responds at http:\/\/127\.0\.0\.1:9\n {2}next: hms-svc dev\n/),
    ])
  })

  it('reads an address with a slash at its end, and refuses one without a scheme', async () => {
    const service = { service: 'linter', database: 'up', migrations: 'missing', broker: 'up' }
    const system = await serveCanned({ 'GET /readyz': { status: 503, body: { status: 'down', services: [service] } } })
    try {
      expect((await runForTest(['doctor', '--url', `${system.url}/`])).code).toBe(5)
      const { code, stderr } = await runForTest(['doctor', '--url', '127.0.0.1:7184'])
      expect([code, stderr]).toEqual([2, expect.stringContaining('--url must be an http(s) URL')])
    } finally {
      await system.close()
    }
  })

  it('reports a topic that the broker lacks as wrong, because its events wait', async () => {
    const service = { service: 'linter', database: 'up', migrations: 'current', broker: 'up' }
    const system = await serveCanned({
      'GET /readyz': { body: { status: 'up', services: [service] } },
      'GET /v1/topics': { status: 503, body: { code: 'HMS_TOPICS_MISSING', detail: 'The broker lacks a topic.', status: 503, next: [] } },
    })
    const { code, stdout } = await runForTest(['doctor', '--url', system.url])
    await system.close()
    expect([code, stdout]).toEqual([
      5,
      expect.stringContaining('✗ topics         wrong: The broker lacks a topic.\n  next: hms-svc topics diff\n'),
    ])
  })

  it('also checks the database and the broker that the environment names', async () => {
    const env = { HMS_DATABASE_URL: 'postgres://hms@127.0.0.1:9/hms', HMS_KAFKA_BROKERS: '127.0.0.1:9' }
    const { stdout } = await runForTest(['doctor', '--json', '--url', 'http://127.0.0.1:9'], { env })
    const { healthy, checks } = JSON.parse(stdout) as { healthy: boolean; checks: { check: string; state: string; next?: string }[] }
    expect(healthy).toBe(false)
    for (const name of ['port', 'database', 'broker'])
      expect(checks.find(({ check }) => check === name)).toMatchObject({ state: 'wrong', next: expect.any(String) as string })
    for (const { state, next } of checks) if (state === 'wrong') expect(next).toBeTruthy()
  })

  it('reports a database that accepts connections and does not respond', async () => {
    const frozen = createServer().listen(0, '127.0.0.1')
    await once(frozen, 'listening')
    const { port } = frozen.address() as AddressInfo
    const env = { HMS_DATABASE_URL: `postgres://hms@127.0.0.1:${port}/hms` }
    const { stdout } = await runForTest(['doctor', '--url', 'http://127.0.0.1:9'], { env })
    expect(stdout).toContain(`✗ database       wrong: no response from 127.0.0.1:${port}`)
    frozen.close()
  })

  it('reports behind an edge what the services report', async () => {
    const details = [
      { service: 'linter', state: 'down', database: 'down', migrations: 'current', broker: 'up' },
      { service: 'rollout', state: 'down' },
      {
        service: 'audit',
        database: 'up',
        migrations: 'current',
        broker: 'degraded',
        concerns: ['the log halted (next: hms-svc audit verify)'],
      },
    ]
    const body = { ready: false, services: { linter: 'down', audit: 'degraded', rollout: 'down' }, details }
    const edge = await serveCanned({ 'GET /readyz': { status: 503, body } })
    const { stdout } = await runForTest(['doctor', '--url', edge.url])
    for (const line of ['database       wrong: not reachable for linter', 'services       wrong: no instance is ready of rollout\n'])
      expect(stdout).toContain(line)
    for (const line of ['broker         wrong: does not respond to audit', 'audit          wrong: the log halted'])
      expect(stdout).toContain(line)
    await edge.close()
  })

  it('reports a concern of several services once, with their names', () => {
    const concerns = ['the database accepts only reads (next: hms-svc doctor)']
    const services = (['approver', 'audit'] as const).map((service) => up({ service, state: 'degraded', concerns }))
    const wrong = judgeServices({ at: NOW, services }, NOW).filter(({ state }) => state === 'wrong')
    expect(wrong).toMatchObject([{ check: 'services', detail: 'approver, audit: the database accepts only reads', next: 'hms-svc doctor' }])
  })

  it('does not mistake another program on the port for the services', async () => {
    const other = await serveCanned({})
    try {
      const { code, stdout } = await runForTest(['doctor', '--url', other.url])
      expect([code, stdout]).toEqual([11, expect.stringContaining('is in use by another program')])
    } finally {
      await other.close()
    }
  })

  it('does not close with "Nothing is wrong." where checks were not possible, such as without a key in production', async () => {
    const service = { service: 'linter', database: 'up', migrations: 'current', broker: 'up' }
    const system = await serveCanned({ 'GET /readyz': { body: { status: 'up', services: [service] } } })
    const { stdout } = await runForTest(['doctor', '--url', system.url])
    const unknown = stdout.split('\n').filter((line) => line.startsWith('?')).length
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`; ${unknown} checks were not possible\\.$`))
    await system.close()
  })

  it('exits with 5 if the services respond and a check is wrong', async () => {
    const service = { service: 'linter', database: 'up', migrations: 'missing', broker: 'up' }
    const system = await serveCanned({ 'GET /readyz': { status: 503, body: { status: 'down', services: [service] } } })
    try {
      const { code, stdout } = await runForTest(['doctor', '--url', system.url])
      expect([code, stdout]).toEqual([5, expect.stringContaining('next: hms-svc migrate')])
    } finally {
      await system.close()
    }
  })
})
