import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigDocument, PolicyHistoryEntry } from '#libs/contracts'
import { sampleDocument } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER, SAMPLE_ROSTER_BYTES, sampleRoster } from '../../libs/client/src/testing/sample-trust.js'
import { serveCanned, type Canned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'

const ID = 'epa-pm25-limit'
const PATH = `GET /v1/policies/${ID}/history`
const day = (number: number): string => `2024-10-0${number}T00:00:00Z`
const head = (seq: number, version: string, limit: number): ConfigDocument =>
  sampleDocument({ policy: { id: ID, version, limit }, seq, run: seq, issuedAt: day(seq) })
const [FIRST, SECOND, THIRD] = [head(1, '1.0.0', 35), head(2, '2.0.0', 25), head(3, '3.0.0', 20)]

const claim = (record: ConfigDocument): PolicyHistoryEntry => ({
  version: '9.9.9',
  digest: record.digest,
  run: 4711,
  seq: record.seq,
  revision: record.seq,
  author: 'Mallory',
  approvedBy: ['Mallory'],
  from: day(record.seq),
  until: record.seq === 3 ? null : day(record.seq + 1),
  recordedAt: day(record.seq),
  differences: [{ field: 'limit', from: 9999, to: 25, text: 'limit 9999 → 25' }],
  record,
})
function altered(record: ConfigDocument): ConfigDocument {
  const text = Buffer.from(record.release!.payload, 'base64').toString().replace('"limit":25', '"limit":9999')
  return { ...record, release: { ...record.release!, payload: Buffer.from(text).toString('base64') } }
}

let folder: string
let roster: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-history-'))
  roster = join(folder, 'roster.json')
  await writeFile(roster, SAMPLE_ROSTER_BYTES)
})
afterAll(() => rm(folder, { recursive: true }))

let service: CannedService | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

async function history(records: ConfigDocument[], argv: string[] = [], more: Record<string, Canned> = {}, env?: object): Promise<CliRun> {
  service = await serveCanned({
    [`${PATH}?limit=200&signed=true`]: { body: records.map(claim) },
    [`${PATH}?limit=200&before=1&signed=true`]: { body: [] },
    'GET /v1/roster?since=1': { body: [] },
    ...more,
  })
  return runForTest(['history', ID, ...argv], { env: { HMS_URL: service.url, ...(env ?? { HMS_ROSTER: roster }) } })
}

describe('history', () => {
  it('prints what was signed, whatever the service returns', async () => {
    const { code, stdout, stderr } = await history([THIRD, SECOND, FIRST])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^2\.0\.0 .* 2 +EPA Chief +run +limit 35 → 25 +sha256:/m)
    expect(stdout).not.toMatch(/Mallory|9999|9\.9\.9|4711/)
  })

  it('prints a line that does not verify as such, in red, and exits 10', async () => {
    const records = [THIRD, altered(SECOND), FIRST]
    const { code, stdout, stderr } = await history(records, ['--color', 'always'])
    expect(code).toBe(10)
    const lines = stdout.split('\n')
    expect(lines[1]).toMatch(/^3\.0\.0 .* unknown: the previous entry does not verify +sha256:/)
    expect([lines[2]!.startsWith('\u001b[31m✗'), lines[2]!.endsWith('\u001b[39m')]).toEqual([true, true])
    expect(lines[2]).toMatch(/✗ +UNVERIFIED .*head 2: .*\(HMS_VERIFY_HISTORY\)/)
    expect(lines[3]).toMatch(/^1\.0\.0 /)
    expect(stderr).toMatch(/1 of 3 lines .* do not verify.*\[HMS_VERIFY_HISTORY\]/)
    expect(stdout + stderr).not.toMatch(/Mallory|9999|9\.9\.9|4711/)
  })

  it('reports a service of an earlier build as such, trusts none of its values, and exits 10', async () => {
    const { record: _record, ...unsigned } = claim(FIRST)
    const unknown = { status: 400, body: { type: 'about:blank', status: 400, code: 'HMS_REQUEST_INVALID', detail: 'signed is unknown' } }
    const { code, stdout, stderr } = await history([], [], {
      [`${PATH}?limit=200&signed=true`]: unknown,
      [`${PATH}?limit=200`]: { body: [unsigned] },
      [`${PATH}?limit=200&before=1`]: { body: [] },
    })
    expect(code).toBe(10)
    expect(stderr).toContain('unsigned, as earlier builds do, so it cannot be verified. [HMS_VERIFY_HISTORY]')
    expect(stdout + stderr).not.toMatch(/Mallory|9999|9\.9\.9|4711/)
  })

  it('contains nothing of it in JSON either', async () => {
    const { code, stdout } = await history([THIRD, altered(SECOND), FIRST], ['--json'])
    const [third, second, first] = JSON.parse(stdout) as object[]
    expect(code).toBe(10)
    expect(second).toEqual({ version: null, state: 'UNVERIFIED', seq: 2, code: 'HMS_VERIFY_HISTORY', detail: expect.any(String) })
    expect([third, first]).toMatchObject([{ verification: 'by-caller', isChangeUnknown: true }, { verification: 'by-caller' }])
  })

  it('knows what the oldest line differs from, where more is there', async () => {
    const { code, stdout } = await history([THIRD, altered(SECOND), FIRST], ['--limit', '1'])
    expect([code, stdout]).toEqual([0, expect.stringContaining('unknown')])
    await service!.close()
    expect((await history([THIRD, SECOND, FIRST], ['--limit', '1'])).stdout).toContain('limit 25 → 20')
  })

  it('goes by the rosters before the pinned one too, where these lead to it', async () => {
    const steps = [SAMPLE_ROSTER, await sampleRoster(2)]
    await writeFile(join(folder, 'second.json'), JSON.stringify(steps[1]))
    const all = { 'GET /v1/roster?since=0': { body: steps.map((envelope, index) => ({ version: index + 1, envelope })) } }
    const env = { HMS_ROSTER: join(folder, 'second.json') }
    const { code } = await history([THIRD, altered(SECOND), FIRST], [], { ...all, 'GET /v1/roster?since=2': { body: [] } }, env)
    expect(code).toBe(10)
    expect(service!.requests.map(({ call }) => call)).toContain('GET /v1/roster?since=0')
  })

  it('verifies nothing of a service that shows no proofs', async () => {
    const body = [FIRST].map((each) => ({ ...claim(each), record: undefined }))
    const earlier = {
      [`${PATH}?limit=200&signed=true`]: { status: 400, body: { code: 'HMS_HTTP_QUERY_INVALID', detail: 'signed', status: 400, next: [] } },
      [`${PATH}?limit=200`]: { body },
      [`${PATH}?limit=200&before=1`]: { body: [] },
    }
    const { code, stdout } = await history([], [], earlier)
    expect([code, stdout]).toEqual([10, expect.stringContaining('has no head')])
  })

  it('prints that nothing is verified where no roster is here', async () => {
    const { code, stdout, stderr } = await history([FIRST], ['--json'], {}, {})
    expect([code, JSON.parse(stdout)]).toEqual([0, [expect.objectContaining({ version: '9.9.9', verification: 'not-by-caller' })]])
    expect(stderr).toContain('not verified: no roster here')
  })
})
