import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { deployPolicy } from '#libs/client'
import { type ConfigDocument, type PrepareRequest, type RunView, type StreamFrame } from '#libs/contracts'
import { approvalDigest } from '#libs/signing'
import { serveCanned, type Canned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'
import { sampleDocument, sampleFrame } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../../libs/client/src/testing/sample-trust.js'

const ID = 'epa-pm25-limit'
const POLICY = { id: ID, version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25 }
const BEFORE = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 4 })
const SIGNED = sampleDocument({ policy: POLICY, seq: 5 })
/** Another release of the same version, which people approved as well. */
const OTHER = sampleDocument({ policy: POLICY, seq: 5, release: { releaseEpoch: 21 } })
const LATER = sampleDocument({ policy: { ...POLICY, effective: '2035-01-01T00:00:00Z' }, seq: 5 })
/** Holds the release of 2035. */
const HOLDING: ConfigDocument = {
  ...sampleDocument({
    policy: { id: ID, version: '1.5.0', limit: 35 },
    seq: 5,
    next: { release: LATER.digest!, at: '2035-01-01T00:00:00Z', run: 7 },
  }),
  next: { release: LATER.release!, proof: null },
}
const SUCCEEDED = { run: 7, state: 'SUCCEEDED', attempt: 1, policies: [], stages: [], decisions: [], endedAt: null } as unknown as RunView

let folder: string
let service: CannedService | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-deploy-unverified-'))
  await writeFile(join(folder, 'roster.json'), SAMPLE_ROSTER_BYTES)
  for (const year of [2024, 2035]) {
    const effective = year === 2024 ? POLICY.effective : '2035-01-01T00:00:00Z'
    await writeFile(join(folder, `${year}.yaml`), `id: ${ID}\nversion: 2.0.0\neffective: ${effective}\nlimit: 25\n`)
  }
  const env = { HMS_KEYS_DIR: folder, HMS_KEY_PASSPHRASE: 'secret' }
  expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env })).code).toBe(0)
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => (vi.unstubAllEnvs(), service?.close()))

function prepared({ policies: [policy] }: PrepareRequest): object {
  const { release: signed, digest } = policy!['effective'] === POLICY.effective ? SIGNED : LATER
  const release = { id: ID, version: '2.0.0', digest: digest!, policyDigest: '', payload: signed!.payload, live: '1.5.0' }
  return { digest: approvalDigest([{ releaseDigest: digest! }]), releases: [release], missing: [], signedBy: [], authors: [], run: null }
}

/** Takes the signature, reports the run as succeeded at once, and serves this frame. */
async function serveSucceeded(frame: Canned): Promise<Record<string, string>> {
  service = await serveCanned({
    'GET /v1/roster?since=1': { body: [] },
    'POST /v1/approvals/prepare': { body: prepared },
    'POST /v1/approvals': { body: { run: 7, state: 'QUEUED', digest: 'd', missing: [] } },
    'GET /v1/runs/7/events': { events: [SUCCEEDED] },
    [`GET /v1/snapshot?revision=0&policies=${ID}`]: frame,
  })
  return { HMS_URL: service.url, HMS_ROSTER: join(folder, 'roster.json'), HMS_KEYS_DIR: folder, HMS_KEY_PASSPHRASE: 'secret' }
}

function shown(documents: ConfigDocument[], stated = documents): { body: StreamFrame } {
  return { body: sampleFrame(documents, Date.now() - 1_000, stated) }
}

async function approve(frame: Canned, ...flags: string[]): Promise<CliRun> {
  const argv = ['approve', join(folder, '2024.yaml'), '--sign', 'EPA Chief', '--watch', '--timeout', '200ms', ...flags]
  return runForTest(argv, { env: await serveSucceeded(frame) })
}

async function deploy(frame: Canned, file = '2024.yaml'): Promise<RunView> {
  for (const [name, value] of Object.entries(await serveSucceeded(frame))) vi.stubEnv(name, value)
  return deployPolicy({ file: join(folder, file), sign: 'EPA Chief', timeoutMs: 200 })
}

describe('a run that the server reports as succeeded', () => {
  it('is reported so once a signed head puts the signed release in force', async () => {
    const { code, stdout } = await approve(shown([SIGNED]), '--json')
    expect([code, JSON.parse(stdout)]).toEqual([0, { ...SUCCEEDED, verification: 'by-caller' }])
    await service?.close()
    expect(await deploy(shown([SIGNED]))).toMatchObject({ run: 7, state: 'SUCCEEDED', verification: 'by-caller' })
  })

  it('is not printed so if the version before is in force', async () => {
    const { code, stdout, stderr } = await approve(shown([BEFORE]))
    expect([code, stdout]).toEqual([10, expect.not.stringContaining('SUCCESSFUL')])
    expect(stderr).toContain(`The server reports ${ID}@2.0.0 as in force, but the signed head puts 1.5.0 in force`)
    expect(stderr).toContain('HMS_VERIFY_PRESENT')
  })

  it('is not printed so if the head cannot be read', async () => {
    const refused = { status: 403, body: { code: 'HMS_AUTH_SCOPE', detail: 'no scope read', status: 403 } }
    const { code, stdout, stderr } = await approve(refused)
    expect([code, stdout]).toEqual([3, expect.not.stringContaining('SUCCESSFUL')])
    expect(stderr).toContain('HMS_RUN_UNCONFIRMED')
  })

  it.each([
    ['the version before is in force', shown([BEFORE]), 'but the signed head puts 1.5.0 in force'],
    ['nothing is in force', shown([]), 'but no signed head puts it in force'],
    ['another release of the version is in force', shown([OTHER]), 'but the signed head puts another release of 2.0.0 in force'],
    ['a head is shown that rollout does not confirm', shown([SIGNED], [BEFORE]), 'but its document does not verify'],
    ['the head is forged', shown([sampleDocument({ policy: POLICY, seq: 5, headSignedBy: 'simulator' })]), 'does not verify'],
  ])('does not resolve if %s', async (_what, frame, why) => {
    const rejected = { code: 'HMS_VERIFY_PRESENT', status: 502, detail: expect.stringContaining(why) as string }
    await expect(deploy(frame)).rejects.toMatchObject(rejected)
  })

  it('does not resolve if the release is still held', async () => {
    const detail = expect.stringContaining('but the signed head puts 1.5.0 in force, and holds 2.0.0 until its time') as string
    await expect(deploy(shown([HOLDING]), '2035.yaml')).rejects.toMatchObject({ code: 'HMS_VERIFY_PRESENT', detail })
  })
})
