import { afterEach, describe, expect, it } from 'vitest'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

let service: CannedService | undefined
afterEach(() => service?.close())

const SIMULATION = {
  run: 184,
  attempt: 2,
  state: 'failed',
  score: { summary: '50.0% bots adapted, 1/2; 1 STALE: boston-insp-03', bots: { STALE: ['boston-insp-03'], ADAPTED: ['a'] } },
  skipped: [{ scenario: 'both', why: 'so2-limit neither in this run nor in force', next: null }],
  reportDigest: 'sha256:1',
  report: {
    bots: [{ bot: 'boston-insp-03', message: 'stays with 35' }, { bot: 'a' }],
    beside: [{ policy: 'ozone-limit', version: '1.0.0', digest: 'sha256:2' }],
  },
}

describe('simulations show', () => {
  it('names the bots of each class, and the reasons', async () => {
    service = await serveCanned({ 'GET /v1/simulations/184': { body: SIMULATION } })
    const { code, stdout, stderr } = await runForTest(['simulations', 'show', '#184', '--url', service.url])
    expect([code, stderr]).toEqual([0, expect.stringContaining('not verified here')])
    expect(stdout.split('\n')).toEqual([
      'Run #184, attempt 2  failed',
      '50.0% bots adapted, 1/2; 1 STALE: boston-insp-03',
      '  STALE 1: boston-insp-03',
      '  ADAPTED 1: a',
      '  boston-insp-03: stays with 35',
      '  skipped both: so2-limit neither in this run nor in force',
      '  Beside ozone-limit@1.0.0',
      'Report sha256:1',
      '',
    ])
    expect(JSON.parse((await runForTest(['simulations', 'show', '184', '--json', '--url', service.url])).stdout)).toEqual(SIMULATION)
  })

  it('shows the progress of a running replay', async () => {
    const waiting = { ...SIMULATION, state: 'waiting', score: null, report: null, reportDigest: null, progress: { done: 12, total: 64 } }
    service = await serveCanned({ 'GET /v1/simulations/184': { body: waiting } })
    const { stdout } = await runForTest(['simulations', 'show', '184', '--url', service.url])
    expect(stdout).toContain('Run #184, attempt 2  waiting\nReplaying: 12 of 64 programs done\n')
  })

  it('exits with 4 for a run that was not simulated', async () => {
    service = await serveCanned({})
    expect((await runForTest(['simulations', 'show', '9', '--url', service.url])).code).toBe(4)
  })
})
