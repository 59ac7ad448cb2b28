import { afterEach, describe, expect, it } from 'vitest'
import { serveCanned, type Canned, type CannedService } from './testing/canned-service.js'
import { runForTest, type CliRun } from './testing/run-cli.js'

let service: CannedService | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

async function against(responses: Record<string, Canned>, ...argv: string[]): Promise<CliRun> {
  service = await serveCanned(responses)
  return runForTest(argv, { env: { HMS_URL: service.url } })
}

describe('command line', () => {
  it('prints help on stdout, and lists every verb', async () => {
    const { code, stdout } = await runForTest(['--help'])
    expect(code).toBe(0)
    const verbs = [
      'dev',
      'serve',
      'migrate',
      'recover',
      'demo',
      'topics',
      'lint',
      'keys',
      'approve',
      'approvals',
      'runs',
      'rollback',
      'withdraw',
      'get',
      'watch',
      'alert',
    ]
    for (const verb of verbs) {
      expect(stdout).toMatch(new RegExp(`^ {2}${verb}\\b`, 'm'))
    }
  })

  it('prints its version for the flag as for the verb', async () => {
    const [flag, verb] = [await runForTest(['--version']), await runForTest(['version'])]
    expect([flag.code, flag.stdout]).toEqual([0, verb.stdout])
    expect(verb.stdout).toMatch(/^hms-svc \d/)
  })

  it('refuses a --timeout that is no duration, also where nothing is awaited', async () => {
    const { code, stderr } = await runForTest(['lint', 'a.yaml', '--timeout', 'abc'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('--timeout')])
  })

  it('refuses to watch more policies than a reader may name', async () => {
    const ids = Array.from({ length: 101 }, (_, index) => `policy-${index}`)
    const { code, stderr } = await runForTest(['watch', ...ids])
    expect([code, stderr]).toEqual([2, expect.stringContaining('at most 100 policies')])
  })

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['runs', 'show'], "missing required argument 'number'"],
    [['runs', 'show', 'x1'], 'x1 is not the number of a run'],
    [['approve', 'a.yaml'], '--sign'],
    [['approve', '--sign', 'EPA Chief'], 'Name at least one FILE'],
    [['approve', 'a.yaml', '--sign', 'EPA Chief', '--canary', '7'], 'canary: 7 is more than 100%'],
    [['get', 'a', '--color', 'pink'], '--color'],
    [['get', 'a', 'b'], 'too many arguments'],
    [['rollback', 'epa-pm25-limit'], 'is not ID@VERSION'],
    [['sidecar', '--port', '70000'], '--port must be a port from 1 to 65535'],
    [['sidecar', '--port', '7185', '--socket', 's'], "'--socket <path>' cannot be used with"],
    [['sidecar', '--write', 'limits.tpl'], '--write limits.tpl is not TEMPLATE=FILE'],
    [['watch'], "missing required argument 'ids'"],
    [['watch', 'Upper'], '"Upper" is not the id of a policy'],
    [['watch', 'a', '--exec', '/nonexistent/program'], '--exec /nonexistent/program is not an executable program'],
    [['watch', 'a', '--exec-timeout', '0s'], 'leaves no time to run anything'],
    [['dev', '--port', '99999'], '--port must be a port'],
    [['get', ''], 'is not ID or ID.FIELD'],
    [['get', '.limit'], 'is not ID or ID.FIELD'],
    [['get', 'epa-pm25-limit.'], 'is not ID or ID.FIELD'],
    [['get', '..'], 'is not ID or ID.FIELD'],
    [['approvals', 'show', ''], 'is not the digest'],
    [['approvals', 'show', '..'], 'is not the digest'],
    [['tokens', 'revoke', ''], 'is not the id of a key'],
    [['partners', 'deliveries', ''], 'is not the id of a partner'],
    [['partners', 'test', ''], 'is not the id of a partner'],
    [['audit', 'bundle', ' '], 'is not the id of a policy'],
    [['runs', 'show', ''], 'is not the number of a run'],
    [['runs', 'list', '--timeout', ''], 'is not a duration'],
    [['runs', 'list', '--timeout', '-1s'], 'is not a duration'],
    [['runs', 'list', '--timeout', '90'], 'is not a duration'],
    [['runs', 'list', '--timeout', '1e9s'], 'is not a duration'],
    [['runs', 'list', '--timeout', '0s'], 'leaves no time'],
    [['alert', '--bot', 'b', '--region', 'NCR', '--kind', 'V', '--value', '4503599627370497.5'], 'more digits than a number holds'],
    [
      ['alert', '--bot', 'b', '--region', 'NCR', '--kind', 'V', '--value', '1', '--reading', '{"a":1e400}'],
      'more digits than a number holds',
    ],
    [['lint', '/nonexistent/policy.yaml'], 'there is no such file'],
    [['serve'], 'Name the services'],
    [['help', 'nothing'], 'no verb or topic nothing'],
    [['get', 'a', '--url', 'ftp://x'], '--url'],
  ])('%s is a usage error', async (argv, text) => {
    const { code, stdout, stderr } = await runForTest(argv)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^✗ /)
    expect(stderr).toContain(text)
  })

  it('prints a usage error as a problem with --json', async () => {
    const { code, stdout, stderr } = await runForTest(['frobnicate', '--json'])
    expect([code, stdout]).toEqual([2, ''])
    expect(JSON.parse(stderr)).toMatchObject({ code: 'HMS_CLI_USAGE', next: [{ command: 'hms-svc --help' }] })
  })

  it.each([[[]], [['runs']]])('prints help on stderr if a verb is missing: %s', async (argv) => {
    const { code, stdout, stderr } = await runForTest(argv)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('Usage: hms-svc')
  })

  it('prints its version and its help topics', async () => {
    expect((await runForTest(['version'])).stdout).toMatch(/^hms-svc \d+\.\d+\.\d+\n$/)
    expect((await runForTest(['help', 'exit-codes'])).stdout).toContain(' 11  not reachable')
    expect((await runForTest(['help', 'runs'])).stdout).toContain('watch')
  })

  it.each([
    [['help', 'runs'], { topic: 'runs', lines: expect.arrayContaining(['  hms-svc runs list']) as string[] }],
    [['help'], { topic: 'hms-svc' }],
    [['completion', 'bash'], { shell: 'bash', script: expect.stringContaining('__complete') as string }],
  ])('%s prints one value with --json', async (argv, value) => {
    const { code, stdout, stderr } = await runForTest([...argv, '--json'])
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject(value)
  })
})

describe('an error', () => {
  const refused = (status: number, code: string) => ({ status, body: { code, detail: 'no', status, next: [] } })
  const responses = {
    'GET /v1/runs': refused(503, 'HMS_HTTP_UNAVAILABLE'),
    'GET /v1/tickets?state=OPEN': refused(403, 'HMS_AUTH_SCOPE'),
    'GET /v1/policies/epa-pm25-limit': refused(400, 'HMS_POLICY_TIME'),
  }

  it.each([
    [['rollback', 'epa-pm25-limit'], 'hms-svc rollback --help'],
    [['approve', '/nope.yaml', '--sign', 'EPA Chief'], 'hms-svc approve --help'],
    [['approve', 'pm25.yaml'], 'hms-svc approve --help'],
    [['--timeout', '5s', 'history', 'epa-pm25-limit', '--limit', 'x'], 'hms-svc history --help'],
    [['get', 'epa-pm25-limit'], 'hms-svc get --help'],
    [['runs', 'frobnicate'], 'hms-svc runs --help'],
    [['runs', 'list', '--state', 'GONE'], 'hms-svc runs list --help'],
    [['polices', 'list'], 'hms-svc --help'],
    [['runs', 'list'], 'hms-svc doctor'],
    [['tickets', 'list'], 'hms-svc whoami'],
  ])('of %j names a command as the next step', async (argv, next) => {
    const { code, stderr } = await against(responses, ...argv)
    expect(code).not.toBe(0)
    expect(stderr.split('\n')).toContain(`  next: ${next}`)
  })
})

/** No roster is here, so reads are unverified. Verified reads: test/attacks/get-unverified.spec.ts. */
describe('a read', () => {
  const unverified = '! not verified: no roster here. Name it in HMS_ROSTER (hms-svc roster show --json > FILE)\n'
  const view = {
    id: 'epa-pm25-limit',
    version: '2.0.0',
    revision: 7,
    source: 'live',
    scope: 'global',
    value: { id: 'epa-pm25-limit', version: '2.0.0', limit: 25, tags: ['air'], name: 'PM 2.5' },
    provenance: { run: 184, digest: 'sha256:9f', author: null, approvedBy: ['EPA Chief'] },
  }
  const responses = { 'GET /v1/policies/epa-pm25-limit?region=NCR': { body: view }, 'GET /v1/policies/epa-pm25-limit': { body: view } }

  it('prints value and provenance of a policy', async () => {
    const { code, stdout } = await against(responses, 'get', 'epa-pm25-limit', '--region', 'NCR')
    expect(code).toBe(0)
    expect(stdout).toBe(
      [
        'epa-pm25-limit@2.0.0  revision 7, live, global',
        '  limit: 25',
        '  tags: ["air"]',
        '  name: PM 2.5',
        'Run #184, sha256:9f',
        'Approved by EPA Chief\n',
      ].join('\n'),
    )
  })

  it.each([
    ['wrong sensor', 'BREAK-GLASS: wrong sensor; neither replayed nor tried by a canary\n'],
    [null, 'BREAK-GLASS: a rollback reinstated a break-glass release; neither replayed nor tried by a canary\n'],
  ])('prints the reason of a break-glass release: %s', async (reason, line) => {
    const untried = { ...view, provenance: { ...view.provenance, breakGlass: { reason } } }
    const { stdout } = await against({ 'GET /v1/policies/epa-pm25-limit': { body: untried } }, 'get', 'epa-pm25-limit')
    expect(stdout.endsWith(`Approved by EPA Chief\n${line}`)).toBe(true)
  })

  it('prints how far the response of a side-car can be trusted', async () => {
    const { provenance: _none, ...value } = view
    const local = { ...value, source: 'cache', state: 'STALE', ageMs: 61_250, trust: 'pinned' }
    const { code, stdout } = await against({ 'GET /v1/policies/epa-pm25-limit': { body: local } }, 'get', 'epa-pm25-limit')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^epa-pm25-limit@2\.0\.0 {2}revision 7, cache, global\n[^]*\nSTALE, confirmed 61\.3 s ago; roster pinned\n$/)
  })

  it.each([
    [['get', 'epa-pm25-limit.limit'], '25\n'],
    [['get', 'epa-pm25-limit.name'], 'PM 2.5\n'],
    [['get', 'epa-pm25-limit.tags.0', '--json'], '"air"\n'],
    [['--json', 'get', 'epa-pm25-limit'], `${JSON.stringify({ ...view, verification: 'not-by-caller' })}\n`],
  ])('%s prints %s', async (argv, stdout) => {
    expect(await against(responses, ...argv)).toEqual({ code: 0, stdout, stderr: unverified })
  })

  it('exits with 4 for an unknown field and an unknown policy, with code, next step and trace', async () => {
    expect((await against(responses, 'get', 'epa-pm25-limit.nothing')).code).toBe(4)
    await service?.close()
    const { code, stderr } = await against({}, 'get', 'no-such-policy')
    expect(code).toBe(4)
    expect(stderr).toBe('✗ no GET /v1/policies/no-such-policy [HMS_TEST_NOT_FOUND]\n  next: hms-svc runs list\n  trace: abc123\n')
  })

  it('exits with 11 if the server is unreachable', async () => {
    const { code, stderr } = await runForTest(['get', 'epa-pm25-limit', '--url', 'http://127.0.0.1:9'])
    expect(code).toBe(11)
    expect(stderr).toContain('HMS_UNREACHABLE')
  })

  it.each(['runs list', 'approvals list', 'bots list', 'scenarios list', 'corpora list', 'schemas list', 'partners list', 'audit log'])(
    '%s prints an empty list as [] with --json, and as a sentence otherwise',
    async (verb) => {
      const paths = [
        'runs',
        'approvals?state=open',
        'bots',
        'scenarios',
        'corpora',
        'schemas',
        'partners',
        'audit/entries?order=newest&limit=200&acts=true',
      ]
      const empty = Object.fromEntries(paths.map((path) => [`GET /v1/${path}`, { body: [] }]))
      expect(await against(empty, ...verb.split(' '), '--json')).toEqual({ code: 0, stdout: '[]\n', stderr: '' })
      await service?.close()
      const said = await against(empty, ...verb.split(' '))
      expect([said.code, said.stdout]).toEqual([0, ''])
      expect(said.stderr).not.toBe('')
    },
  )
})

describe('sidecar', () => {
  it('exits with the code of the SDK error if it cannot start', async () => {
    const unreachable = await runForTest(['sidecar', '--url', 'http://127.0.0.1:9', '--timeout', '200ms'])
    expect([unreachable.code, unreachable.stdout]).toEqual([11, ''])
    expect(unreachable.stderr).toContain('HMS_UNREACHABLE')
    const untrusted = await runForTest(['sidecar', '--url', 'http://policies.example'])
    expect([untrusted.code, untrusted.stdout]).toEqual([2, ''])
    expect(untrusted.stderr).toContain('HMS_ROSTER_REQUIRED')
  })
})

describe('alert', () => {
  it('sends the alert that a bot would send', async () => {
    const responses = { 'POST /v1/alerts': { body: { id: 'a1', accepted: true } } }
    const flags = ['--bot', 'inspector-7', '--region', 'NCR', '--kind', 'Violation', '--value', '31.5', '--reading', '{"pm25":31.5}']
    const { code } = await against(responses, 'alert', ...flags)
    expect(code).toBe(0)
    const alert = { bot: 'inspector-7', region: 'NCR', kind: 'Violation', value: 31.5, reading: { pm25: 31.5 } }
    expect(service?.requests[0]?.body).toMatchObject(alert)
  })

  it('accepts a --timeout that is longer than a timer can wait', async () => {
    const { code, stdout } = await against({ 'GET /v1/runs': { body: [] } }, 'runs', 'list', '--json', '--timeout', '999999h')
    expect([code, stdout]).toEqual([0, '[]\n'])
  })
})
