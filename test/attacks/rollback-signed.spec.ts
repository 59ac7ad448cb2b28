import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RollbackMove, toBase64 } from '#libs/contracts'
import { buildRelease } from '#libs/signing'
import { serveCanned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest } from '../../apps/cli/src/testing/run-cli.js'
import { sampleDocument, sampleFrame } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER } from '../../libs/client/src/testing/sample-trust.js'

let service: CannedService
afterEach(() => service.close())

describe('rollback --sign', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hms-rollback-'))
    const env = { HMS_KEYS_DIR: folder, HMS_KEY_PASSPHRASE: 'secret' }
    expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env })).code).toBe(0)
  })
  afterEach(() => rm(folder, { recursive: true }))

  const policy = { id: 'epa-pm25-limit', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 40 }
  const target = { version: '1.0.0', digest: `sha256:${'1'.repeat(64)}` }
  const live = { version: '5.0.0', digest: `sha256:${'5'.repeat(64)}` }

  async function sign({ missing = [] as string[], version = '1.0.0', fallback = false, moved = [] as RollbackMove[] } = {}): ReturnType<
    typeof runForTest
  > {
    const plan = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 0, bakeMs: 0, partners: null }
    const { digest, payload } = buildRelease({
      policy: { ...policy, version },
      releaseEpoch: 6,
      previous: live,
      fallbacks: [live],
      scopes: ['global'],
      author: null,
      plan,
      rollback: { target: { ...target, version }, reason: 'drill', replaces: live },
      preparedAt: '2026-01-01T00:00:00Z',
      expires: '2026-01-08T00:00:00Z',
    })
    const release = {
      id: policy.id,
      version,
      policyDigest: digest,
      digest,
      payload: toBase64(payload),
      live: '5.0.0',
      differences: [],
    }
    const prepared = { digest, run: null, state: 'PREPARED', missing, releases: [release], plan, signedBy: [], authors: [], expiresAt: '' }
    const state = missing.length === 0 ? 'ROLLING_OUT' : 'AWAITING_APPROVAL'
    const ended = { run: 7, state: 'SUCCEEDED', attempt: 1, policies: [], stages: [], decisions: [], createdAt: '', endedAt: '', digest }
    const coverage = { policy: policy.id, revision: 9, total: 20, current: 20, lagging: [] }
    const refused = { code: 'HMS_ROLLOUT_NOT_PREAPPROVED', detail: 'no fallback', status: 403, next: [], traceId: 'a' }
    const reversed = { id: policy.id, version: '1.0.0', from: '5.0.0', seq: 3, digest, revision: 9, stored: [] }
    service = await serveCanned({
      'GET /v1/roster': { body: [{ version: 1, envelope: SAMPLE_ROSTER }] },
      'GET /v1/roster?since=1': { body: [] },
      'GET /v1/snapshot?revision=0&policies=epa-pm25-limit': { body: sampleFrame([sampleDocument({ policy })], Date.now()) },
      'GET /v1/rollbacks/preview?policy=epa-pm25-limit&version=1.0.0': { body: { id: policy.id, version: '1.0.0', moved } },
      'POST /v1/rollbacks': fallback ? { body: reversed } : { status: 403, body: refused },
      'POST /v1/approvals/prepare': { body: prepared },
      'POST /v1/approvals': { status: 202, body: { run: 7, state, digest, missing } },
      'GET /v1/runs/7/events': { events: [ended] },
      'GET /v1/policies/epa-pm25-limit': { body: { id: policy.id, version, revision: 9, provenance: { digest } } },
      'GET /v1/coverage?policy=epa-pm25-limit&revision=9&waitMs=10000': { body: coverage },
    })
    const env = { HMS_URL: service.url, HMS_KEYS_DIR: folder, HMS_KEY_PASSPHRASE: 'secret' }
    return runForTest(['rollback', 'epa-pm25-limit@1.0.0', '--reason', 'drill', '--sign', 'EPA Chief'], { env })
  }

  it('signs a release if no fallback permits the rollback, and waits until the bots have it', async () => {
    const { code, stdout } = await sign()
    expect(stdout).toMatch(/^✓ epa-pm25-limit 5\.0\.0 → 1\.0\.0 in \d+\.\d\d s, 20 of 20 bots acknowledged\n$/)
    expect(code).toBe(0)
    const asked = service.requests.find(({ call }) => call === 'POST /v1/approvals/prepare')
    expect(asked?.body).toEqual({ rollback: { policy: 'epa-pm25-limit', version: '1.0.0', publicReason: '' } })
    // The reason is sent with the signature, and is in nothing that readers get.
    expect(service.requests.find(({ call }) => call === 'POST /v1/approvals')?.body).toMatchObject({ reason: 'drill' })
  })

  it('names before the signature the one policy that signatures roll back, even if others went live with it', async () => {
    const moved = [
      { id: policy.id, from: '5.0.0', version: '1.0.0' },
      { id: 'ozone-limit', from: '3.0.0', version: '2.0.0' },
    ]
    const { code, stdout, stderr } = await sign({ moved })
    expect(code).toBe(0)
    expect(stderr).toContain('ozone-limit 3.0.0 → 2.0.0. One alone: --only\n')
    expect(stderr).toContain('a rollback of epa-pm25-limit alone needs the same signatures as an approval.\n')
    expect(stdout).not.toContain('ozone-limit')
  })

  it('signs no release if a fallback permits the rollback', async () => {
    expect(await sign({ fallback: true })).toMatchObject({ code: 0 })
    expect(service.requests.map(({ call }) => call)).not.toContain('POST /v1/approvals/prepare')
  })

  it('names the missing signers, exit 3', async () => {
    const { code, stderr } = await sign({ missing: ['critical'] })
    expect(code).toBe(3)
    expect(stderr).toContain(
      'EPA Chief signed, and run #7 waits for: critical. epa-pm25-limit is not rolled back yet. [HMS_ROLLOUT_NOT_PREAPPROVED]',
    )
  })

  it('signs nothing if the service prepared another release', async () => {
    expect(await sign({ version: '1.0.1' })).toMatchObject({ code: 11, stderr: expect.stringContaining('HMS_APPROVAL_MISMATCH') as string })
    expect(service.requests.map(({ call }) => call)).not.toContain('POST /v1/approvals')
  })
})
