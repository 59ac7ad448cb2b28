import { describe, expect, it } from 'vitest'
import { serveCanned } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

const NOT_VERIFIED = 'Reported by the service: hms-svc audit verify checks the log, hms-svc export --check FILE also who acted and why.\n'

const entry = (index: number) => ({
  index,
  at: '2026-01-01T00:00:00.000Z',
  run: 7,
  source: '/hms-svc/approver',
  type: 'hms.approval.approved.v1',
  key: 'epa-pm25-limit',
})

/** Returns the output with these flags if the service responds to this query with these entries. */
async function shown(flags: string[], query: string, entries: object[]) {
  const service = await serveCanned({ [`GET /v1/audit/entries?${query}`]: { body: entries } })
  try {
    return await runForTest(['audit', 'log', ...flags], { env: { HMS_URL: service.url } })
  } finally {
    await service.close()
  }
}

describe('audit log', () => {
  it('shows the newest entries, oldest first, and how to request earlier ones', async () => {
    const { code, stdout, stderr } = await shown(['--limit', '2'], 'order=newest&limit=2&acts=true', [entry(41), entry(40)])
    expect([code, stderr]).toEqual([0, `${NOT_VERIFIED}These are the newest 2; with --before 40 come those before them.\n`])
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['ENTRY', '40', '41', ''])
  })

  it('does not mention earlier entries if there are none', async () => {
    expect(await shown(['--limit', '2'], 'order=newest&limit=2&acts=true', [entry(0)])).toMatchObject({ code: 0, stderr: NOT_VERIFIED })
    expect(await shown(['--limit', '1', '--before', '1'], 'before=1&order=newest&limit=1&acts=true', [entry(0)])).toMatchObject({
      stderr: NOT_VERIFIED,
    })
  })

  it('filters by person, type, time and run', async () => {
    const flags = ['--by', 'EPA Chief', '--type', 'approval.approved', '--since', '2026-01-01T00:00:00Z', '--run', '7']
    const query = 'run=7&by=EPA+Chief&type=hms.approval.approved.v1&since=2026-01-01T00%3A00%3A00.000Z&order=newest&limit=200&acts=true'
    expect((await shown(flags, query, [entry(40)])).stdout).toContain('#7')
    expect(await shown(flags, query, [])).toMatchObject({ code: 0, stdout: '', stderr: 'Nothing that is recorded matches.\n' })
    expect(await shown([...flags, '--json'], query, [])).toMatchObject({ code: 0, stdout: '[]\n', stderr: '' })
  })

  it('describes an act in a sentence, with the person and the reason', async () => {
    const policies = [{ id: 'epa-pm25-limit', version: '1.5.0' }]
    const acts = [{ by: ['Air Office'], decision: 'rollback', policies, reason: 'tree frogs', statements: [] }]
    const { stdout } = await shown(['--by', 'Air Office'], 'by=Air+Office&order=newest&limit=200&acts=true', [{ ...entry(40), acts }])
    expect(stdout).toMatch(/WHAT\n.*epa-pm25-limit +Air Office took epa-pm25-limit back to 1\.5\.0: tree frogs\n$/)
  })

  it.each([
    ['--limit', '0'],
    ['--limit', '1001'],
    ['--before', '-1'],
    ['--since', 'yesterday'],
  ])('refuses %s %s', async (flag, value) => {
    expect(await runForTest(['audit', 'log', flag, value])).toMatchObject({ code: 2, stdout: '' })
  })
})
