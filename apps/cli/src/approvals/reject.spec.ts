import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, type StatementRequest, type ApprovalSummary } from '#libs/contracts'
import type { DecisionPredicate } from '#libs/signing'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

const DIGEST = `sha256:${'a'.repeat(64)}`

let folder: string
let service: CannedService | undefined
let env: Record<string, string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-reject-'))
  env = { HMS_KEYS_DIR: join(folder, 'keys'), HMS_KEY_PASSPHRASE: 'correct horse' }
  expect((await runForTest(['keys', 'create', '--name', 'EPA Counsel'], { env })).code).toBe(0)
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => service?.close())

async function approvals(...argv: string[]): ReturnType<typeof runForTest> {
  const summary: ApprovalSummary = {
    run: 7,
    state: 'ABORTED',
    digest: DIGEST,
    missing: ['critical'],
    policies: [{ id: 'lead-limit', version: '1.0.0', digest: DIGEST }],
    signedBy: ['EPA Chief'],
    authors: ['Air Office'],
    reasons: [{ name: 'EPA Chief', reason: 'WHO guideline' }],
    preparedAt: '2026-01-01T00:00:00Z',
    expiresAt: '2026-01-08T00:00:00Z',
  }
  service = await serveCanned({
    [`POST /v1/approvals/${encodeURIComponent(DIGEST)}/decisions`]: {
      body: { run: 7, state: 'ABORTED', digest: DIGEST, missing: ['critical'] },
    },
    [`GET /v1/approvals/${encodeURIComponent(DIGEST)}`]: { body: summary },
  })
  return runForTest(['approvals', ...argv], { env: { ...env, HMS_URL: service.url } })
}

describe('approvals reject', () => {
  it('signs the decision with its reason', async () => {
    const { code, stdout } = await approvals('reject', DIGEST, '--reason', 'the unit is wrong', '--sign', 'EPA Counsel')
    expect([code, stdout]).toEqual([0, '✓ Rejected by EPA Counsel; run #7 is ABORTED\n'])
    const { statement } = service!.requests[0]!.body as StatementRequest
    expect(peekPredicate<DecisionPredicate>(statement)).toMatchObject({ subject: DIGEST, decision: 'reject', reason: 'the unit is wrong' })
  })

  it('prints only the approval with --json', async () => {
    const { stdout } = await approvals('reject', DIGEST, '--reason', 'no', '--sign', 'EPA Counsel', '--json')
    expect(JSON.parse(stdout)).toEqual({ run: 7, state: 'ABORTED', digest: DIGEST, missing: ['critical'] })
  })

  it.each([
    ['an unknown signer', 3, ['--reason', 'no', '--sign', 'Unknown Person']],
    ['an empty reason', 2, ['--reason', ' ', '--sign', 'EPA Counsel']],
    ['no reason', 2, ['--sign', 'EPA Counsel']],
    ['a missing signer', 2, ['--reason', 'no']],
  ] as const)('sends no request for %s, exit %d', async (_what, exit, flags) => {
    const { code } = await approvals('reject', DIGEST, ...flags)
    expect([code, service?.requests.length]).toEqual([exit, 0])
  })
})

it.each(['sha256:abc', `${'a'.repeat(64)}`, DIGEST.slice(0, 20)])(
  'approvals reject signs nothing for %s, which is not a whole digest',
  async (text) => {
    const { code, stderr } = await approvals('reject', text, '--reason', 'no', '--sign', 'EPA Counsel')
    expect([code, service?.requests.length]).toEqual([2, 0])
    expect(stderr).toContain('is not the digest of an approval')
  },
)

describe('approvals show', () => {
  it('names author and reasons, and no missing signers of an approval that has ended', async () => {
    const { code, stdout } = await approvals('show', DIGEST)
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'lead-limit@1.0.0  ABORTED, run #7',
      `Digest    ${DIGEST}`,
      'Signed by EPA Chief',
      'Written by Air Office',
      '  EPA Chief: WHO guideline',
      '',
    ])
  })
})
