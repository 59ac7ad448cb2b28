import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, type StatementRequest } from '#libs/contracts'
import type { DecisionPredicate, RunDecisionPredicate } from '#libs/signing'
import { serveCanned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest } from '../../apps/cli/src/testing/run-cli.js'

/** A server that answers for another subject than the person named, to get a signature about that one. */

const LETTER = '0f8fad5b-d9cb-869f-8165-70867728950e'
const OTHER = '1f8fad5b-d9cb-869f-8165-70867728950e'
const DIGEST = `sha256:${'ab'.repeat(32)}`

let folder: string
let env: Record<string, string>
let service: CannedService
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-swapped-'))
  env = { HMS_KEYS_DIR: join(folder, 'keys'), HMS_KEY_PASSPHRASE: 'correct horse' }
  expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env })).code).toBe(0)
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => service.close())

const WHY = ['--reason', 'seen', '--sign', 'EPA Chief']

describe('what is signed', () => {
  it('about a dead letter is about the named one, whichever the service returns', async () => {
    const letter = { id: OTHER, service: 'rollout', digest: DIGEST, closed: null }
    service = await serveCanned({
      [`GET /v1/dead-letters/linter/${LETTER}`]: { body: letter },
      [`POST /v1/dead-letters/linter/${LETTER}/decisions`]: { body: letter },
    })
    await runForTest(['dlq', 'discard', `linter/${LETTER}`, ...WHY], { env: { ...env, HMS_URL: service.url } })
    const { statement } = service.requests.at(-1)!.body as StatementRequest
    expect(peekPredicate<DecisionPredicate>(statement).decision).toBe(`discard dead letter linter/${LETTER}`)
  })

  it('about a ticket is shown before the key is unlocked: run, attempt, policies and release', async () => {
    const ticket = {
      ticket: 5,
      run: 99,
      attempt: 2,
      digest: DIGEST,
      policies: [{ id: 'epa-ozone', version: '3.0.0' }],
      state: 'OPEN',
      kind: 'X',
    }
    service = await serveCanned({ 'GET /v1/tickets/5': { body: ticket } })
    const argv = ['tickets', 'decide', '5', '--decision', 'promote', ...WHY]
    const { code, stderr } = await runForTest(argv, { env: { ...env, HMS_URL: service.url, HMS_KEY_PASSPHRASE: 'wrong' } })
    expect([code, service.requests.length]).toEqual([3, 1])
    expect(stderr).toContain(`Signs: promote run #99, attempt 2 (epa-ozone@3.0.0), ${DIGEST}`)
  })
})

describe('the run of a decision', () => {
  it('is the named one', async () => {
    const view = { run: 99, attempt: 1, digest: DIGEST, state: 'PAUSED', stages: [], policies: [], decisions: [] }
    service = await serveCanned({ 'GET /v1/runs/7': { body: view }, 'POST /v1/runs/7/decisions': { status: 409, body: {} } })
    await runForTest(['runs', 'promote', '7', ...WHY], { env: { ...env, HMS_URL: service.url } })
    expect(peekPredicate<RunDecisionPredicate>((service.requests.at(-1)!.body as StatementRequest).statement).run).toBe(7)
  })
})
