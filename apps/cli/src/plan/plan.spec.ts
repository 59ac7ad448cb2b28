import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { SimulationImpact, Trial } from '#libs/contracts'
import { serveCanned, type Canned, type CannedService } from '../testing/canned-service.js'
import { runForTest, type CliRun } from '../testing/run-cli.js'
import type { Plan } from './describe-plan.js'

const LIVE = { id: 'epa-pm25-limit', version: '8.0.0', effective: '2024-09-01T00:00:00Z', limit: 28, units: 'ug_per_m3' }
const PASS: Trial = {
  verdict: 'PASS',
  detail: '98.4% bots adapted, 63/64',
  next: [],
  score: { adapted: 63, applicable: 64, percent: '98.4', discriminating: 131, boundary: 4, firstVersion: false, bots: {} },
  skipped: [],
  reportDigest: 'sha256:1',
  impact: null,
}

const IMPACT: SimulationImpact = {
  scenarios: [
    {
      scenario: 'pm25-violation',
      policies: ['epa-pm25-limit'],
      readings: 7703,
      before: 118,
      after: 249,
      from: '2023-01-01',
      to: '2023-12-31',
      newlyViolating: { count: 131, ids: [] },
      newlyCompliant: { count: 0, ids: [] },
      regions: [],
      sites: [],
      months: [],
      lost: 0,
    },
  ],
  bots: [{ bot: 'inspector', readings: 7703, before: 118, after: 249 }],
  fields: [],
}

let folder: string
let file: string
let service: CannedService | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-plan-'))
  file = join(folder, 'pm25.yaml')
  await writeFile(
    file,
    'id: epa-pm25-limit\nversion: 9.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 27\nunits: ug_per_m3\npartners: [unknown]\n',
  )
})
afterEach(() => service?.close())
afterAll(() => rm(folder, { recursive: true }))

async function plan(responses: Record<string, Canned> = {}, options: string[] = []): Promise<CliRun> {
  service = await serveCanned({
    'GET /v1/policies/epa-pm25-limit': { body: { id: LIVE.id, version: LIVE.version, value: LIVE } },
    'GET /v1/coverage?policy=epa-pm25-limit': { body: { policy: LIVE.id, revision: 7, total: 300, current: 299, lagging: [] } },
    'POST /v1/lint': { body: { findings: [] } },
    'POST /v1/simulations': { body: PASS },
    'POST /v1/approvals/trial': { body: { verdict: 'PASS', rule: null, sentence: '' } },
    'GET /v1/freezes': { body: [] },
    'GET /v1/runs?open=yes': { body: [] },
    ...responses,
  })
  return runForTest(['plan', file, ...options, '--url', service.url])
}

describe('plan', () => {
  it('names up to ten other policies that the replay used', async () => {
    const beside = Array.from({ length: 12 }, (_, index) => ({ policy: `p-${index}`, version: '1.0.0', digest: 'sha256:2' }))
    const { stdout } = await plan({ 'POST /v1/simulations': { body: { ...PASS, beside } } })
    expect(stdout).toMatch(/^ {2}Beside p-0@1\.0\.0, .+, p-9@1\.0\.0 and 2 more$/m)
  })

  it('fails if the guard would deny the change, and names the rule', async () => {
    const denied = { verdict: 'FAIL', rule: 'no-loosening@1.0.0', sentence: 'the limit may not rise' }
    const { code, stdout, stderr } = await plan({ 'POST /v1/approvals/trial': { body: denied } })
    expect(code).toBe(6)
    expect(stdout).toMatch(/Guard \.+ FAIL \(no-loosening@1\.0\.0: the limit may not rise\)/)
    expect(stderr).not.toContain('Next: hms-svc approve')
  })

  it('names what blocks the change, and how to wait behind a run', async () => {
    const freezes = [{ id: 'quiet-week', reason: 'rehearsal', scope: 'global', state: 'ACTIVE', next: null }]
    const open = [{ run: 7, state: 'CANARY', policies: [{ id: LIVE.id, version: '8.1.0', digest: '' }] }]
    const { code, stdout, stderr } = await plan({ 'GET /v1/freezes': { body: freezes }, 'GET /v1/runs?open=yes': { body: open } })
    expect(code).toBe(0)
    expect(stdout).toContain('freeze quiet-week holds changes everywhere')
    expect(stdout).toContain('run #7 of epa-pm25-limit has not ended (CANARY)')
    expect(stderr).toContain('If it is approved now, it waits until nothing holds it back. Next: hms-svc approve')
    expect(stderr).toContain('--queue')
  })

  it('shows difference, lint, replay and bots, and signs nothing', async () => {
    const { code, stdout, stderr } = await plan()
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'epa-pm25-limit 8.0.0 → 9.0.0',
      '  limit 28 → 27 µg/m³',
      '  partners added ["unknown"]',
      '  consequence not verified: simulator signed no statement',
      '• Lint & Schema ............... PASS',
      '• Simulation Replay ........... PASS (98.4% bots adapted, 63/64)',
      '• Affected Bots ............... 300 connected use epa-pm25-limit',
      '',
    ])
    expect(stderr).toContain('Nothing was signed.')
    expect(service!.requests.map(({ call }) => call).filter((call) => call.startsWith('POST'))).toEqual([
      'POST /v1/approvals/trial',
      'POST /v1/lint',
      'POST /v1/simulations',
    ])
    expect(service!.requests.at(-1)!.body).toMatchObject({ policies: [{ version: '9.0.0' }], live: [LIVE] })
  })

  it('prints the impact, and writes it as a page with --report', async () => {
    const report = join(folder, 'impact.html')
    const responses = { 'POST /v1/simulations': { body: { ...PASS, impact: IMPACT } } }
    const { code, stdout, stderr } = await plan(responses, ['--report', report])
    expect(code).toBe(0)
    expect(stdout).toContain('  impact of pm25-violation: 131 newly violating, 0 newly compliant of 7,703 readings\n')
    expect(stdout).toContain('  predicted alerts of inspector: 118 → 249\n')
    expect(stderr).toContain(`Impact written to ${report}`)
    const page = await readFile(report, 'utf8')
    expect(page).toContain('<h1>Impact of epa-pm25-limit 8.0.0 → 9.0.0</h1>')
    expect(page).toContain('epa-pm25-limit: limit 28 → 27 µg/m³')
  })

  it('writes no page if nothing was replayed, and exits with 2 if the file cannot be written', async () => {
    const report = join(folder, 'none.html')
    const { code, stderr } = await plan({}, ['--report', report])
    expect([code, stderr]).toEqual([0, expect.stringContaining(`${report} was not written`)])
    await expect(readFile(report)).rejects.toThrow('ENOENT')
    await service!.close()
    const responses = { 'POST /v1/simulations': { body: { ...PASS, impact: IMPACT } } }
    expect((await plan(responses, ['--report', join(folder, 'no', 'folder.html')])).code).toBe(2)
  })

  it('prints one value with --json', async () => {
    expect(JSON.parse((await plan({}, ['--json'])).stdout)).toMatchObject({
      verdict: 'PASS',
      policies: [{ id: LIVE.id, version: '9.0.0', live: '8.0.0', bots: { total: 300, current: 299 } }],
      findings: [],
      simulation: { verdict: 'PASS' },
    })
  })

  it('prints the position of a lint error in the file, and replays nothing, exit 6', async () => {
    const finding = { file: 'policies[0]', line: 1, column: 90, severity: 'error', pointer: '/partners/0', message: 'is not known' }
    const { code, stdout } = await plan({ 'POST /v1/lint': { body: { findings: [{ ...finding, rule: 'partner-unknown' }] } } })
    expect(code).toBe(6)
    expect(stdout).toContain(`${file}:6:12 partner-unknown is not known`)
    expect(service!.requests.some(({ call }) => call === 'POST /v1/simulations')).toBe(false)
  })

  it.each([
    ['FAIL', 6],
    ['INCONCLUSIVE', 0],
  ] as const)('prints the next command of a replay that is %s, exit %i', async (verdict, exit) => {
    const next = ['hms-svc bots add FILE --id ID']
    const { code, stdout } = await plan({ 'POST /v1/simulations': { body: { ...PASS, verdict, detail: 'no bots registered', next } } })
    expect(code).toBe(exit)
    expect(stdout).toContain(`${verdict} (no bots registered)\n  next: hms-svc bots add FILE --id ID\n`)
  })

  it('shows a first version if no version is in force', async () => {
    const missing = { status: 404, body: { code: 'HMS_POLICY_NOT_FOUND', detail: 'none', status: 404, next: [] } }
    const { code, stdout } = await plan({
      'GET /v1/policies/epa-pm25-limit': missing,
      'GET /v1/coverage?policy=epa-pm25-limit': missing,
    })
    expect(code).toBe(0)
    expect(stdout).toContain('epa-pm25-limit 9.0.0 (first version)\n')
    expect(stdout).toContain('none uses epa-pm25-limit yet')
  })

  it('prints Markdown with a row for each field that changes', async () => {
    const responses = { 'POST /v1/simulations': { body: { ...PASS, impact: IMPACT } } }
    const { code, stdout } = await plan(responses, ['--format', 'markdown'])
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      '## Plan: PASS',
      '',
      '      consequence not verified: simulator signed no statement',
      '    • Lint & Schema ............... PASS',
      '    • Simulation Replay ........... PASS (98.4% bots adapted, 63/64)',
      '    • Affected Bots ............... 300 connected use epa-pm25-limit',
      '      impact of pm25-violation: 131 newly violating, 0 newly compliant of 7,703 readings',
      '      predicted alerts of inspector: 118 → 249',
      '',
      '### epa-pm25-limit 8.0.0 → 9.0.0',
      '',
      '| field | in force | planned | units | look twice |',
      '| --- | --- | --- | --- | --- |',
      '| limit | 28 | 27 | `ug_per_m3` |  |',
      '| partners |  | `["unknown"]` |  |  |',
      '',
      '',
    ])
  })

  it('sends no request for a file that is not a policy, exit 6', async () => {
    const broken = join(folder, 'broken.yaml')
    await writeFile(broken, 'id: broken\nversion: [\n')
    const { code, stdout } = await runForTest(['plan', broken, '--url', 'http://127.0.0.1:9'])
    expect(code).toBe(6)
    expect(stdout).toMatch(/broken\.yaml:\d+:\d+ /)
  })
})

describe('plan of a folder', () => {
  const text = (id: string, limit: number, version = '1.0.0'): string =>
    `id: ${id}\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: ${limit}\n`
  const live = (id: string, limit: number) => ({
    id,
    version: '1.0.0',
    value: { id, version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit },
  })

  async function planFolder(files: Record<string, string>, inForce: ReturnType<typeof live>[], options: string[] = []): Promise<CliRun> {
    const root = await mkdtemp(join(folder, 'policies-'))
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true })
      await writeFile(join(root, name), content)
    }
    service = await serveCanned({
      'GET /v1/policies': { body: inForce },
      ...Object.fromEntries(inForce.map((view) => [`GET /v1/policies/${view.id}`, { body: view }])),
      'POST /v1/lint': { body: { findings: [] } },
      'POST /v1/simulations': { body: PASS },
      'GET /v1/freezes': { body: [] },
      'GET /v1/runs?open=yes': { body: [] },
    })
    const run = await runForTest(['plan', root, ...options, '--url', service.url])
    return { ...run, stdout: run.stdout.replaceAll(root, 'ROOT'), stderr: run.stderr.replaceAll(root, 'ROOT') }
  }

  const FILES = { 'ozone.yaml': text('ozone', 70), 'air/pm25.yml': text('pm25', 24, '1.1.0'), 'air/alpha.yaml': text('alpha', 5) }
  const IN_FORCE = [live('lead', 3), live('ozone', 70), live('pm25', 25)]

  it('shows what is new, changed, unchanged and gone, and plans what is new and changed', async () => {
    const { code, stdout, stderr } = await planFolder(FILES, IN_FORCE)
    expect(code).toBe(0)
    expect(stdout.split('\n').slice(0, 10)).toEqual([
      'STATE      POLICY  IN FORCE  VERSION  FILE',
      'new        alpha   –         1.0.0    ROOT/air/alpha.yaml',
      'changed    pm25    1.0.0     1.1.0    ROOT/air/pm25.yml',
      'unchanged  ozone   1.0.0     1.0.0    ROOT/ozone.yaml',
      'gone       lead    1.0.0     –        –',
      '1 new, 1 changed, 1 unchanged, 1 gone',
      'alpha 1.0.0 (first version)',
      '  effective added "2024-09-01T00:00:00Z"',
      '  limit added 5',
      'pm25 1.0.0 → 1.1.0',
    ])
    expect(stderr).toContain('What is gone stays in force until hms-svc withdraw.')
    expect(stderr).toContain('Next: hms-svc approve ROOT/air/alpha.yaml ROOT/air/pm25.yml --sign NAME')
    expect(service!.requests.at(-1)!.body).toMatchObject({ policies: [{ id: 'alpha' }, { id: 'pm25' }], live: [{ id: 'pm25' }] })
  })

  it('quotes names of files in the next command for a shell', async () => {
    const { stderr } = await planFolder({ "a b;touch x'$(id).yaml": text('alpha', 5) }, [])
    expect(stderr).toContain(String.raw`Next: hms-svc approve 'ROOT/a b;touch x'\''$(id).yaml' --sign NAME`)
  })

  it('prints the states as Markdown and as JSON', async () => {
    const { stdout } = await planFolder(FILES, IN_FORCE, ['--format', 'markdown'])
    expect(stdout).toContain('| changed | pm25 | 1.0.0 | 1.1.0 | `ROOT/air/pm25.yml` |\n')
    expect(stdout).toContain('| limit | 25 | 24 |')
    await service!.close()
    const json = JSON.parse((await planFolder(FILES, IN_FORCE, ['--json'])).stdout) as Plan
    expect(json.folder!.map(({ id, state }) => [id, state])).toEqual([
      ['alpha', 'new'],
      ['pm25', 'changed'],
      ['ozone', 'unchanged'],
      ['lead', 'gone'],
    ])
  })

  it('plans nothing if each file is in force, exit 0', async () => {
    const { code, stdout, stderr } = await planFolder({ 'ozone.yaml': text('ozone', 70) }, [live('ozone', 70)])
    expect([code, stderr]).toEqual([0, 'Nothing to approve: each file of the folder is in force.\n'])
    expect(stdout).toContain('0 new, 0 changed, 1 unchanged, 0 gone')
    expect(service!.requests.map(({ call }) => call)).toEqual(['GET /v1/policies'])
  })

  it('refuses a policy that two files contain, exit 6', async () => {
    const { code, stdout } = await planFolder({ 'a.yaml': text('ozone', 70), 'b.yaml': text('ozone', 60) }, [])
    const twice = 'policy-twice ozone is in ROOT/a.yaml too, and one file alone can be in force — delete one of the two, or change its id'
    expect([code, stdout]).toEqual([6, `ROOT/b.yaml:1:5 ${twice}\n`])
  })

  it('reports a file over 256 KiB, and the other files of its folder, exit 6', async () => {
    const { code, stdout } = await planFolder({ 'a.yaml': `# ${'x'.repeat(256 * 1024)}\n`, 'b.yaml': 'id: x\n' }, [])
    expect(code).toBe(6)
    expect(stdout).toContain('ROOT/a.yaml:1:1 too-large the file has more than 262144 bytes')
    expect(stdout).toContain('ROOT/b.yaml:1:1 required-key ')
  })
})
