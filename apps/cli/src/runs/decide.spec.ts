import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, type RunDecision, type StatementRequest, type RunView } from '#libs/contracts'
import { digestOf, type RunDecisionPredicate } from '#libs/signing'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

const DIGEST = `sha256:${'a'.repeat(64)}`
const PAUSED: RunView = {
  run: 7,
  digest: DIGEST,
  state: 'PAUSED',
  reason: 'ACK_TIMEOUT',
  attempt: 1,
  policies: [{ id: 'pm25', version: '2.0.0', digest: DIGEST }],
  stages: [],
  decisions: [],
  createdAt: '2026-01-01T00:00:00Z',
  endedAt: null,
}

let folder: string
let service: CannedService | undefined
let env: Record<string, string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-decide-'))
  env = { HMS_KEYS_DIR: join(folder, 'keys'), HMS_KEY_PASSPHRASE: 'correct horse' }
  expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env })).code).toBe(0)
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => service?.close())

function answered(body: unknown, outcome: RunDecision['outcome']): RunView {
  const { payload } = (body as StatementRequest).statement
  const { decision, reason } = peekPredicate<RunDecisionPredicate & { decision: 'abort' }>((body as StatementRequest).statement)
  const id = digestOf(Buffer.from(payload, 'base64'))
  const state = outcome === 'applied' ? 'ABORTED' : 'SUCCEEDED'
  return {
    ...PAUSED,
    state,
    reason: undefined,
    endedAt: '2026-01-01T00:00:09Z',
    decisions: [{ id, decision, reason, by: 'EPA Chief', at: '2026-01-01T00:00:09Z', outcome }],
  }
}

async function runs(outcome: RunDecision['outcome'], ...argv: string[]): ReturnType<typeof runForTest> {
  service = await serveCanned({
    'GET /v1/runs/7': { body: PAUSED },
    'POST /v1/runs/7/decisions': { status: 202, body: (body: unknown) => answered(body, outcome) },
    'GET /v1/runs/7/events': { events: [PAUSED] },
  })
  return runForTest(['runs', ...argv], { env: { ...env, HMS_URL: service.url } })
}

describe('runs abort, resume and promote', () => {
  it('sign the decision, bound to run, attempt and release, and show the resulting run', async () => {
    const { code, stdout } = await runs('applied', 'abort', '#7', '--reason', 'bot is broken', '--sign', 'EPA Chief')
    expect(code).toBe(0)
    expect(stdout).toContain('  abort by EPA Chief, applied: bot is broken\n')
    const { statement } = service!.requests[1]!.body as StatementRequest
    expect(peekPredicate<RunDecisionPredicate>(statement)).toMatchObject({
      run: 7,
      attempt: 1,
      subject: DIGEST,
      decision: 'abort',
      reason: 'bot is broken',
    })
  })

  it('exit with 5 and the state of the run if the decision comes too late', async () => {
    const { code, stderr } = await runs('late', 'promote', '7', '--reason', 'known', '--sign', 'EPA Chief', '--json')
    expect(code).toBe(5)
    expect(JSON.parse(stderr)).toMatchObject({ code: 'HMS_RUN_DECISION_LATE', state: { state: 'SUCCEEDED' } })
  })

  it('exit with 8 if no stage applies the decision in time', async () => {
    const { code, stderr } = await runs('pending', 'resume', '7', '--reason', 'again', '--sign', 'EPA Chief', '--timeout', '300ms')
    expect([code, stderr]).toEqual([8, expect.stringContaining('HMS_RUN_DECISION_UNANSWERED')])
  })

  it.each([
    ['an unknown signer', 3, ['--reason', 'no', '--sign', 'Unknown Person']],
    ['an empty reason', 2, ['--reason', ' ', '--sign', 'EPA Chief']],
    ['no reason', 2, ['--sign', 'EPA Chief']],
  ] as const)('send no request for %s, exit %d', async (_what, exit, flags) => {
    const { code } = await runs('applied', 'abort', '7', ...flags)
    expect([code, service?.requests.length]).toEqual([exit, 0])
  })
})
