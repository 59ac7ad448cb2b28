import { afterEach, describe, expect, it } from 'vitest'
import type { RunState, RunView } from '#libs/contracts'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest, type CliFixture } from '../testing/run-cli.js'

function view(state: RunState): RunView {
  return {
    run: 184,
    digest: '',
    decisions: [],
    state,
    attempt: 1,
    policies: [{ id: 'epa-pm25-limit', version: '2.0.0', digest: '' }],
    stages: [{ stage: 'lint', verdict: state === 'LINTING' ? 'RUNNING' : 'PASS', detail: '', startedAt: null, endedAt: null }],
    createdAt: '2024-09-01T00:00:00Z',
    endedAt: state === 'LINTING' || state === 'AWAITING_APPROVAL' ? null : '2024-09-01T00:00:41Z',
  }
}

let service: CannedService
afterEach(() => service.close())

async function watch(states: RunState[], flags: string[] = [], fixture: CliFixture = {}): ReturnType<typeof runForTest> {
  service = await serveCanned({ 'GET /v1/runs/184/events': { events: states.map(view) } })
  return runForTest(['runs', 'watch', '#184', ...flags], { ...fixture, env: { HMS_URL: service.url } })
}

describe('runs watch', () => {
  it('prints changes on stderr, and the final block on stdout', async () => {
    const { code, stdout, stderr } = await watch(['LINTING', 'SUCCEEDED'])
    expect(code).toBe(0)
    expect(stdout).toBe('RUN #184  epa-pm25-limit@2.0.0\n• Lint & Schema ............... PASS\nDEPLOYMENT SUCCESSFUL  —  41 sec\n')
    expect(stderr).toMatch(/run=184 state=LINTING\n.* stage=lint PASS\n.* state=SUCCEEDED\nReported by the service: .*\n$/)
  })

  it('prints the value with --json and nothing with --quiet', async () => {
    expect(JSON.parse((await watch(['LINTING', 'SUCCEEDED'], ['--json'])).stdout)).toEqual(view('SUCCEEDED'))
    await service.close()
    expect(await watch(['LINTING', 'SUCCEEDED'], ['--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it.each([
    ['FAILED', 6],
    ['PAUSED', 7],
    ['ROLLED_BACK', 9],
    ['ABORTED', 9],
    ['SUPERSEDED', 9],
    ['STALE', 9],
  ] as const)('%s gives exit code %d', async (state, code) => {
    expect((await watch([state])).code).toBe(code)
  })

  it.each([
    ['LINTING', 8, 'run #184 continues'],
    ['AWAITING_APPROVAL', 7, 'run #184 still waits for signatures'],
  ] as const)('at the time-out %s gives exit code %d, and a note that the run is still open', async (state, code, words) => {
    const run = await watch([state], ['--timeout', '300ms'])
    expect(run.code).toBe(code)
    expect(run.stdout).toContain('RUN #184')
    expect(run.stderr).toContain(words)
  })

  it('does not end the run on Ctrl-C, exit 130', async () => {
    const run = await watch(['LINTING'], [], { interrupt: (fire) => queueMicrotask(fire) })
    expect([run.code, run.stdout]).toEqual([130, ''])
    expect(run.stderr).toContain('run #184 continues: hms-svc runs watch 184')
  })
})
