import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, toBase64, type WithdrawalRequest, type WithdrawalResult } from '#libs/contracts'
import { buildRelease, STATEMENT_TYPE } from '#libs/signing'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

const releaseOf = (id: string) =>
  buildRelease({
    policy: { id, version: '2.0.0' },
    releaseEpoch: 1,
    previous: null,
    fallbacks: [],
    scopes: ['global'],
    author: null,
    plan: { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 0, bakeMs: 0, partners: null },
    preparedAt: '2024-09-01T00:00:00Z',
    expires: '2024-09-02T00:00:00Z',
  })
const { digest: DIGEST } = releaseOf('ozone')

let service: CannedService
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-withdraw-'))
  const env = { HMS_KEYS_DIR: folder, HMS_KEY_PASSPHRASE: 'secret' }
  expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env })).code).toBe(0)
})
afterEach(() => service.close())
afterAll(() => rm(folder, { recursive: true }))

async function withdraw(result: Partial<WithdrawalResult>, ...flags: string[]): ReturnType<typeof runForTest> {
  return withdrawShown(releaseOf('ozone'), result, ...flags)
}

/** Withdraws the release of `ozone` that the store shows. */
async function withdrawShown(
  { digest, payload }: ReturnType<typeof releaseOf>,
  result: Partial<WithdrawalResult>,
  ...flags: string[]
): ReturnType<typeof runForTest> {
  const release = { payload: toBase64(payload), payloadType: STATEMENT_TYPE, signatures: [] }
  const done = { id: 'ozone', version: '2.0.0', state: 'WITHDRAWN', signedBy: ['EPA Chief'], missing: [], seq: 4, revision: 9, stored: [] }
  service = await serveCanned({
    'GET /v1/policies/ozone': { body: { id: 'ozone', version: '2.0.0', revision: 8, provenance: { digest } } },
    'GET /v1/snapshot?policies=ozone': { body: { documents: [{ id: 'ozone', release }] } },
    'POST /v1/withdrawals': { status: 202, body: { ...done, ...result } },
  })
  const env = { HMS_URL: service.url, HMS_KEYS_DIR: folder, HMS_KEY_PASSPHRASE: 'secret' }
  return runForTest(['withdraw', 'ozone', '--reason', 'drill', '--sign', 'EPA Chief', ...flags], { env })
}

describe('withdraw', () => {
  it('signs the withdrawal of the release in force, and reports it', async () => {
    const { code, stdout } = await withdraw({})
    expect([code, stdout]).toEqual([0, '✓ ozone@2.0.0 is withdrawn; no version of it is in force\n'])
    const { policy, statement } = service.requests.find(({ call }) => call === 'POST /v1/withdrawals')!.body as WithdrawalRequest
    expect(policy).toBe('ozone')
    expect(peekPredicate(statement)).toMatchObject({ subject: DIGEST, decision: 'withdraw', reason: 'drill' })
  })

  it('signs nothing if the store shows a release of another policy', async () => {
    const { stderr } = await withdrawShown(releaseOf('pm25'), {})
    expect(stderr).toContain('HMS_APPROVAL_MISMATCH')
    expect(service.requests.some(({ call }) => call.startsWith('POST'))).toBe(false)
  })

  it('names the missing signers, exit 7', async () => {
    const { code, stdout } = await withdraw({ state: 'AWAITING_APPROVAL', missing: ['critical'], seq: null })
    expect([code, stdout]).toEqual([7, '✗ ozone@2.0.0 stays in force: signed by EPA Chief, still missing: critical\n'])
  })

  it('prints the result with --json', async () => {
    expect(JSON.parse((await withdraw({}, '--json')).stdout)).toMatchObject({ id: 'ozone', state: 'WITHDRAWN', seq: 4 })
  })
})
