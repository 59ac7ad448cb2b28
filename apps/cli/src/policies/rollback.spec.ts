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
  it('says how long it took and who has it', async () => {
    const { code, stdout } = await rollback([], '--reason', 'alerts')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^✓ epa-pm25-limit 2\.0\.0 → 1\.5\.0 in \d+\.\d\d s, 20 of 20 bots acknowledged\n$/)
    expect(service.requests[0]?.body).toEqual({ policy: 'epa-pm25-limit', version: '1.5.0', reason: 'alerts' })
  })

  it('names silent bots, exit 8', async () => {
    const { code, stdout, stderr } = await rollback(['bot-3', 'bot-7'])
    expect(code).toBe(8)
    expect(stdout).toMatch(/^✗ .* 18 of 20 bots acknowledged\n$/)
    expect(stderr).toContain('Silent: bot-3, bot-7')
  })

  it('gives programs the report', async () => {
    expect(JSON.parse((await rollback([], '--json')).stdout)).toEqual({
      id: 'epa-pm25-limit',
      version: '1.5.0',
      revision: 9,
      seconds: expect.any(Number),
      acknowledged: 20,
      silent: [],
    })
  })
})
