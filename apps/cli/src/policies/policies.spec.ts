import type { PolicyHistoryEntry } from '#libs/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { serveCanned, type Canned, type CannedService } from '../testing/canned-service.js'
import { runForTest, type CliRun } from '../testing/run-cli.js'

const ID = 'epa-pm25-limit'
const PATH = `GET /v1/policies/${ID}`

let service: CannedService | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

async function against(responses: Record<string, Canned>, ...argv: string[]): Promise<CliRun> {
  service = await serveCanned(responses)
  return runForTest(argv, { env: { HMS_URL: service.url } })
}

describe('history', () => {
  const entry = (seq: number, more: Partial<PolicyHistoryEntry> = {}): PolicyHistoryEntry => ({
    version: `${seq}.0.0`,
    digest: `sha256:${seq}`,
    run: seq,
    seq,
    revision: seq,
    author: 'Ann',
    approvedBy: ['EPA Chief', 'EPA Counsel'],
    from: `202${seq}-01-01T00:00:00Z`,
    until: `202${seq + 1}-01-01T00:00:00Z`,
    recordedAt: `202${seq}-01-01T00:00:00Z`,
    differences: [{ field: 'limit', from: 35, to: 25, text: 'limit 35 → 25' }],
    ...more,
  })
  const responses = {
    [`${PATH}/history?limit=200&signed=true`]: {
      body: [
        entry(5, { from: '9999-01-01T00:00:00Z', until: null }),
        entry(4, { until: '9999-01-01T00:00:00Z', cause: 'rollback', by: ['Air Office'], reason: 'tree frogs' }),
      ],
    },
    [`${PATH}/history?limit=200&before=4&signed=true`]: {
      body: [
        entry(3, { version: null, digest: null, run: null, approvedBy: [], differences: [] }),
        entry(1, { differences: [{ field: 'limit', to: 35, text: 'limit added 35' }] }),
      ],
    },
    [`${PATH}/history?limit=200&before=1&signed=true`]: { body: [] },
  }

  it('lists all versions of all pages, the newest first, with run, signers and times', async () => {
    const { code, stdout } = await against(responses, 'history', ID)
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ['VERSION', 'STATE'],
      ['5.0.0', 'HELD'],
      ['4.0.0', 'IN_FORCE'],
      ['–', 'REPLACED'],
      ['1.0.0', 'REPLACED'],
    ])
    expect(lines[2]).toMatch(/2024-01-01T00:00:00Z +9999-01-01T00:00:00Z +2024-01-01T00:00:00Z +4 +EPA Chief, EPA Counsel +rollback by Air/)
    expect(lines[2]).toMatch(/frogs +limit 35 → 25 +sha256:4$/)
    expect(lines[4]).toMatch(/EPA Counsel +– +– +sha256:1$/)
  })

  it('prints an array with --json, limited by --limit', async () => {
    const { stdout } = await against(responses, 'history', ID, '--json', '--limit', '3')
    expect((JSON.parse(stdout) as { version: string | null; state: string }[]).map(({ version, state }) => [version, state])).toEqual([
      ['5.0.0', 'HELD'],
      ['4.0.0', 'IN_FORCE'],
      [null, 'REPLACED'],
    ])
  })

  it.each([
    ['0', '--limit 0 is no number from 1'],
    ['10001', 'from 1 to 10000'],
  ])('refuses --limit %s', async (limit, detail) => {
    expect(await against({}, 'history', ID, '--limit', limit)).toMatchObject({ code: 2, stderr: expect.stringContaining(detail) })
  })

  it('exits with 4 for a policy that was never in force', async () => {
    expect((await against({}, 'history', 'no-such')).code).toBe(4)
  })
})

describe('policies in force', () => {
  const view = {
    id: ID,
    version: '2.0.0',
    revision: 7,
    source: 'live',
    scope: 'global',
    since: '2026-01-01T00:00:00Z',
    value: { id: ID, version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25 },
    provenance: { run: 184, digest: 'sha256:9f', author: null, approvedBy: ['EPA Chief'] },
  }

  it('are listed with version, time and approvers', async () => {
    const { stdout } = await against({ 'GET /v1/policies?region=NCR': { body: [view] } }, 'policies', 'list', '--region', 'NCR')
    expect(stdout).toMatch(
      /^POLICY +VERSION +IN FORCE SINCE +SCOPE +RUN +APPROVED BY\nepa-pm25-limit +2\.0\.0 +2026-01-01T00:00:00Z +global +184 +EPA Chief\n$/,
    )
  })

  it('are [] with --json if there are none', async () => {
    expect(await against({ 'GET /v1/policies': { body: [] } }, 'policies', 'list', '--json')).toMatchObject({ code: 0, stdout: '[]\n' })
  })

  it('are declared as types', async () => {
    const { stdout } = await against({ 'GET /v1/policies': { body: [view] } }, 'types')
    expect(stdout).toContain("declare module 'hms-svc' {")
    expect(stdout).toContain('      readonly limit: number\n')
    const { stdout: json } = await against({ 'GET /v1/policies': { body: [view] } }, 'types', '--json')
    expect(JSON.parse(json)).toMatchObject({
      policies: [{ id: ID, version: '2.0.0' }],
      declarations: expect.stringContaining('limit: number'),
    })
  })
})
