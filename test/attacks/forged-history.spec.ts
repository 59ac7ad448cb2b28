import type { PastPolicyView } from '#libs/contracts'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sampleDocument } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../../libs/client/src/testing/sample-trust.js'
import { serveCanned, type Canned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'

const ID = 'epa-pm25-limit'
const PATH = `GET /v1/policies/${ID}`

let folder: string
let service: CannedService | undefined
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hms-policies-'))
  writeFileSync(join(folder, 'roster.json'), SAMPLE_ROSTER_BYTES)
  return () => rmSync(folder, { recursive: true })
})
afterEach(async () => {
  await service?.close()
  service = undefined
})

async function against(answers: Record<string, Canned>, ...argv: string[]): Promise<CliRun> {
  service = await serveCanned(answers)
  return runForTest(argv, { env: { HMS_URL: service.url, HMS_ROSTER: join(folder, 'roster.json') } })
}

/** The CLI verifies the responses of a store that may return anything. */
describe('get of another time', () => {
  const record = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 } })
  const past: PastPolicyView = {
    id: ID,
    version: '1.5.0',
    revision: 1,
    source: 'history',
    scope: 'global',
    since: '2024-09-01T00:00:00Z',
    until: '2024-10-01T00:00:00Z',
    recordedAt: '2024-09-01T00:00:00Z',
    value: { id: ID, version: '1.5.0', limit: 999 },
    provenance: { run: 1, digest: record.digest!, author: 'Mallory', approvedBy: ['Mallory'] },
    record,
  }
  const answers = (body: object): Record<string, Canned> => ({
    [`${PATH}?version=1.5.0`]: { body },
    [`${PATH}?at=2024-09-15T00%3A00%3A00Z&known=2024-09-16T00%3A00%3A00Z`]: { body },
    'GET /v1/roster?since=1': { body: [] },
  })

  it('shows what is signed, whatever else the store returns', async () => {
    const { code, stdout } = await against(answers(past), 'get', ID, '--version', '1.5.0', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      version: '1.5.0',
      value: { limit: 35 },
      provenance: { author: null, approvedBy: ['EPA Chief'] },
    })
    const times = ['--at', '2024-09-15T00:00:00Z', '--known', '2024-09-16T00:00:00Z']
    const { stdout: text } = await against(answers(past), 'get', ID, ...times)
    expect(text).toContain('In force from 2024-09-01T00:00:00Z until 2024-10-01T00:00:00Z, recorded at 2024-09-01T00:00:00Z\n')
    expect((await against(answers(past), 'get', `${ID}.limit`, ...times)).stdout).toBe('35\n')
  })

  it('exits 10 for what does not verify', async () => {
    const forged = { ...past, record: { ...record, release: { ...record.release!, signatures: [] } } }
    const { code, stdout, stderr } = await against(answers(forged), 'get', ID, '--version', '1.5.0')
    expect([code, stdout]).toEqual([10, ''])
    expect(stderr).toContain('[HMS_VERIFY_HISTORY]')
  })

  it.each([
    [['--at', 'yesterday'], 'at must be a time'],
    [['--at', '2024-09-15T00:00:00Z', '--version', '1.5.0'], 'leave out at and known'],
    [['--version', '1.5.0', '--region', 'NCR'], 'leave out --region and --bot'],
  ])('refuses %j', async (argv, detail) => {
    expect(await against({}, 'get', ID, ...argv)).toMatchObject({ code: 2, stderr: expect.stringContaining(detail) })
  })
})
