import { afterEach, describe, expect, it } from 'vitest'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

let service: CannedService
afterEach(() => service.close())

async function rollback(lagging: string[], ...flags: string[]): ReturnType<typeof runForTest> {
  const behind = lagging.map((id) => ({ id, revision: 8, since: '' }))
  const coverage = { policy: 'epa-pm25-limit', revision: 9, total: 20, current: 20 - lagging.length, lagging: behind }
  const reversed = { id: 'epa-pm25-limit', version: '1.5.0', from: '2.0.0' }
  const stored = [{ url: 'http://a', ok: true }]
  service = await serveCanned({
    'POST /v1/rollbacks': { body: { ...reversed, seq: 3, digest: 'sha256:1', revision: 9, stored } },
    'GET /v1/coverage?policy=epa-pm25-limit&revision=9&waitMs=10000': { body: coverage },
  })
  return runForTest(['rollback', 'epa-pm25-limit@1.5.0', ...flags], { env: { HMS_URL: service.url } })
}

describe('rollback', () => {
  it('prints how long the rollback took and how many bots acknowledged it', async () => {
    const { code, stdout } = await rollback([], '--reason', 'alerts')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^✓ epa-pm25-limit 2\.0\.0 → 1\.5\.0 in \d+\.\d\d s, 20 of 20 bots acknowledged\n$/)
    const sent = service.requests.find(({ call }) => call === 'POST /v1/rollbacks')
    expect(sent?.body).toEqual({ policy: 'epa-pm25-limit', version: '1.5.0', reason: 'alerts' })
  })

  it('names silent bots, exit 8', async () => {
    const { code, stdout, stderr } = await rollback(['bot-3', 'bot-7'])
    expect(code).toBe(8)
    expect(stdout).toMatch(/^✗ .* 18 of 20 bots acknowledged\n$/)
    expect(stderr).toContain('Silent: bot-3, bot-7. The rollback stays in force; these bots are connected but have not acknowledged it')
  })

  it('names all policies that are rolled back together, before and after, and the flag --only', async () => {
    const moved = [
      { id: 'epa-pm25-limit', from: '2.0.0', version: '1.5.0' },
      { id: 'ozone-limit', from: '3.0.0', version: '2.0.0' },
    ]
    const coverage = { policy: '', revision: 9, total: 1, current: 1, lagging: [] }
    const silent = { ...coverage, current: 0, lagging: [{ id: 'bot-9', revision: 8, since: '' }] }
    const reversed = { id: 'epa-pm25-limit', version: '1.5.0', from: '2.0.0', seq: 3, digest: 'sha256:1', revision: 9, stored: [] }
    service = await serveCanned({
      'GET /v1/rollbacks/preview?policy=epa-pm25-limit&version=1.5.0': { body: { id: 'epa-pm25-limit', version: '1.5.0', moved } },
      'POST /v1/rollbacks': { body: { ...reversed, moved } },
      'GET /v1/coverage?policy=epa-pm25-limit&revision=9&waitMs=10000': { body: coverage },
      'GET /v1/coverage?policy=ozone-limit&revision=9&waitMs=10000': { body: silent },
    })
    const env = { HMS_URL: service.url }
    const { code, stdout, stderr } = await runForTest(['rollback', 'epa-pm25-limit@1.5.0'], { env })
    // A bot that has not acknowledged the other policy also counts as silent.
    expect(code).toBe(8)
    expect(stderr).toMatch(
      /^These policies went live together.*: epa-pm25-limit 2\.0\.0 → 1\.5\.0, ozone-limit 3\.0\.0 → 2\.0\.0\. .*--only\n/,
    )
    expect(stdout).toContain('✓ ozone-limit 3.0.0 → 2.0.0, with it\n')
    expect(JSON.parse((await runForTest(['rollback', 'epa-pm25-limit@1.5.0', '--json'], { env })).stdout)).toMatchObject({ moved })
  })

  it('prints the report with --json', async () => {
    expect(JSON.parse((await rollback([], '--json')).stdout)).toEqual({
      id: 'epa-pm25-limit',
      version: '1.5.0',
      revision: 9,
      seconds: expect.any(Number),
      acknowledged: 20,
      silent: [],
      verification: 'not-by-caller',
    })
  })
})
