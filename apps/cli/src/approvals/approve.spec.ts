import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDemoIdentity } from '#libs/client'
import { type ApprovalView, type PreparedApproval, type PrepareRequest, toBase64 } from '#libs/contracts'
import { buildRelease, digestOfJson, type ReleasePredicate } from '#libs/signing'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

const POLICY = 'id: epa-pm25-limit\nversion: 2.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 25\nunits: ug_per_m3\n'

let folder: string
let service: CannedService | undefined
let env: Record<string, string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-approve-'))
  env = { HMS_KEYS_DIR: join(folder, 'keys'), HMS_KEY_PASSPHRASE: 'correct horse' }
  await writeFile(join(folder, 'pm25.yaml'), POLICY)
  await writeFile(join(folder, 'broken.yaml'), 'id: broken\nversion: [\n')
  expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env })).code).toBe(0)
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => service?.close())

/** Responds as approver does, as far as the CLI can see. */
function prepare(request: PrepareRequest): PreparedApproval {
  const policy = request.policies[0] as ReleasePredicate['policy']
  const { share = 500, observeMs = 300_000, bakeMs = 300_000 } = request.plan ?? {}
  const plan = { share, scope: 'region:NCR', scopeName: 'National Capital Region', observeMs, bakeMs, partners: null }
  const at = '2024-09-01T00:00:00Z'
  const fallbacks = (request.plan?.fallbacks ?? []).map((name) => ({ version: name.split('@')[1]!, digest: digestOfJson(name) }))
  const place = { releaseEpoch: 1, previous: null, fallbacks, scopes: ['global'] }
  const { digest, payload } = buildRelease({ ...place, policy, author: request.author ?? null, plan, preparedAt: at, expires: at })
  const difference = { field: 'limit', from: 35, to: 25, text: 'limit 35 → 25 µg/m³' }
  return {
    digest,
    run: null,
    state: 'PREPARED',
    releases: [
      {
        id: policy.id,
        version: policy.version,
        policyDigest: digestOfJson(policy),
        digest,
        payload: toBase64(payload),
        live: '1.5.0',
        differences: [difference],
      },
    ],
    plan,
    missing: ['chief'],
    signedBy: [],
    authors: [],
    expiresAt: at,
  }
}

async function approve(answer: Partial<ApprovalView>, file: string, ...flags: string[]): ReturnType<typeof runForTest> {
  service = await serveCanned({
    'POST /v1/approvals/prepare': { body: prepare },
    'POST /v1/approvals': { body: { run: 184, state: 'QUEUED', digest: 'sha256:1', missing: [], ...answer } },
  })
  return runForTest(['approve', join(folder, file), ...flags], { env: { ...env, HMS_URL: service.url } })
}

describe('approve', () => {
  it('shows plan and digest, signs and submits', async () => {
    const { code, stdout, stderr } = await approve({}, 'pm25.yaml', '--sign', 'EPA Chief', '--observe', '1s', '--canary', '5%')
    expect(code).toBe(0)
    expect(stdout).toBe('✓ Signature added\n✓ Policy queued for deployment (run #184)\n')
    expect(stderr).toMatch(/^ {2}Plan: canary 5 % of National Capital Region \(region:NCR\), observed for 1 sec, /m)
    expect(stderr).toMatch(/Digest sha256:[0-9a-f]{64}\n$/)
    expect(service?.requests[0]?.body).toMatchObject({ plan: { share: 500, observeMs: 1000 } })
    expect(service?.requests.at(-1)?.body).toMatchObject({ signatures: [{ keyid: expect.any(String), sig: expect.any(String) }] })
  })

  it('names the missing signers, exit 0', async () => {
    const answer: Partial<ApprovalView> = { state: 'AWAITING_APPROVAL', missing: ['counsel'] }
    const { code, stdout } = await approve(answer, 'pm25.yaml', '--sign', 'EPA Chief')
    expect([code, stdout]).toEqual([0, '✓ Signature added\n✓ Run #184 waits for: counsel\n'])
  })

  it('names the author, and warns that an author does not count as an approver', async () => {
    const { code, stderr } = await approve(
      { state: 'AWAITING_APPROVAL', missing: ['official'] },
      'pm25.yaml',
      '--sign',
      'EPA Chief',
      '--author',
      'EPA Chief',
    )
    expect(code).toBe(0)
    expect(stderr).toMatch(/^ {2}Written by EPA Chief$/m)
    expect(stderr).toContain('EPA Chief wrote this: an author does not count as an approver')
    expect(service?.requests[0]?.body).toMatchObject({ author: 'EPA Chief' })
  })

  it('sends the committer of the file with --author-from-git only, and exits with 2 if git knows none', async () => {
    const nowhere = await approve({}, 'pm25.yaml', '--sign', 'EPA Chief', '--author-from-git')
    expect([nowhere.code, nowhere.stderr, service?.requests]).toEqual([2, expect.stringContaining('--author NAME'), []])
    await service?.close()
    const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'ignore' })
    git('init')
    git('add', 'pm25.yaml')
    git('-c', 'user.name=Air Office', '-c', 'user.email=air@example.org', 'commit', '--no-gpg-sign', '-m', 'first')
    await approve({}, 'pm25.yaml', '--sign', 'EPA Chief')
    expect(service?.requests[0]?.body).not.toHaveProperty('committedBy')
    await service?.close()
    await approve({}, 'pm25.yaml', '--sign', 'EPA Chief', '--author-from-git')
    expect(service?.requests[0]?.body).toMatchObject({ committedBy: { 'epa-pm25-limit': 'Air Office' } })
    await service?.close()
    expect((await approve({}, 'pm25.yaml', '--sign', 'EPA Chief', '--author-from-git', '--author', 'EPA Counsel')).code).toBe(2)
  })

  it('prints only the approval with --json', async () => {
    const { stdout } = await approve({}, 'pm25.yaml', '--sign', 'EPA Chief', '--json')
    expect(JSON.parse(stdout)).toEqual({ run: 184, state: 'QUEUED', digest: 'sha256:1', missing: [] })
  })

  it.each([
    ['a digest that was not reviewed', 5, 'pm25.yaml', ['--sign', 'EPA Chief', '--expect-digest', 'sha256:00'], 1],
    ['an unknown signer', 3, 'pm25.yaml', ['--sign', 'Unknown Person'], 0],
    ['malformed YAML', 6, 'broken.yaml', ['--sign', 'EPA Chief'], 0],
    ['a file that is not there', 2, 'nothing.yaml', ['--sign', 'EPA Chief'], 0],
  ] as const)('signs nothing for %s, exit %d', async (_what, exit, file, flags, calls) => {
    const { code, stdout } = await approve({}, file, ...flags)
    const prepared = service?.requests.filter(({ call }) => call.startsWith('POST')).length
    expect([code, stdout, prepared]).toEqual([exit, '', calls])
  })

  it('watches the run as the signer if the service asks for a signature', async () => {
    await createDemoIdentity(join(folder, 'installation'), [])
    const watched = { run: 184, state: 'PAUSED', attempt: 1, policies: [], stages: [], decisions: [], endedAt: null }
    service = await serveCanned({
      'POST /v1/approvals/prepare': { signed: true, body: prepare },
      'POST /v1/approvals': { body: { run: 184, state: 'QUEUED', digest: 'sha256:1', missing: [] } },
      'GET /v1/runs/184/events': { events: [watched] },
    })
    const roster = { HMS_URL: service.url, HMS_ROSTER: join(folder, 'installation', 'roster.json') }
    const argv = ['approve', join(folder, 'pm25.yaml'), '--sign', 'EPA Chief', '--watch']
    const { code, stderr } = await runForTest(argv, { env: { ...env, ...roster } })
    expect(code, stderr).toBe(7)
    expect(service.requests.find(({ call }) => call === 'GET /v1/runs/184/events')?.authorization).toBeDefined()
  })

  it('exits with 3 for a wrong passphrase', async () => {
    await writeFile(join(folder, 'wrong.txt'), 'wrong')
    const { code, stderr } = await approve({}, 'pm25.yaml', '--sign', 'EPA Chief', '--passphrase-file', join(folder, 'wrong.txt'))
    expect(code).toBe(3)
    expect(stderr).toContain('[HMS_KEY_PASSPHRASE]')
  })

  it('reads a value of --fallback that is not ID@VERSION as a file', async () => {
    const accepted = { run: 1, state: 'QUEUED', digest: 'sha256:1', missing: [] }
    service = await serveCanned({ 'POST /v1/approvals/prepare': { body: prepare }, 'POST /v1/approvals': { body: accepted } })
    const argv = ['approve', '--sign', 'EPA Chief', '--fallback', 'epa-pm25-limit@1.5.0', join(folder, 'pm25.yaml')]
    const { code, stderr } = await runForTest(argv, { env: { ...env, HMS_URL: service.url } })
    expect(code, stderr).toBe(0)
    expect(service.requests[0]?.body).toMatchObject({ plan: { fallbacks: ['epa-pm25-limit@1.5.0'] } })
  })

  it('shows the content of the bytes to be signed, not the description by the service', async () => {
    const lying = (request: PrepareRequest): PreparedApproval => {
      const wide = { ...request, plan: { share: 10_000, observeMs: 0, bakeMs: 0, fallbacks: ['epa-pm25-limit@1.0.0'] } }
      return { ...prepare(wide), plan: prepare(request).plan }
    }
    service = await serveCanned({ 'POST /v1/approvals/prepare': { body: lying } })
    const argv = ['approve', join(folder, 'pm25.yaml'), '--sign', 'EPA Chief', '--expect-digest', `sha256:${'1'.repeat(64)}`]
    const { code, stderr } = await runForTest(argv, { env: { ...env, HMS_URL: service.url } })
    expect(code, stderr).not.toBe(0)
    expect(stderr).toMatch(/^ {2}Plan: canary 100 % of National Capital Region \(region:NCR\), observed for 0 sec, .*, all partners$/m)
    // The service claims that 35 is in force; nothing signed confirms that.
    expect(stderr).toMatch(/^epa-pm25-limit 2\.0\.0\n {2}DIFFERENCE NOT VERIFIED: .*\n {2}May/)
    expect(stderr).not.toMatch(/\b35\b/)
    expect(stderr).toMatch(/^ {2}May be taken back to 1\.0\.0 \(sha256:[0-9a-f]{12}…\)$/m)
  })

  it('signs nothing if the reported digest is not the digest of the bytes', async () => {
    const expected = `sha256:${'1'.repeat(64)}`
    const lying = (request: PrepareRequest): PreparedApproval => ({ ...prepare(request), digest: expected })
    service = await serveCanned({ 'POST /v1/approvals/prepare': { body: lying } })
    const argv = ['approve', join(folder, 'pm25.yaml'), '--sign', 'EPA Chief', '--expect-digest', expected]
    const { stderr } = await runForTest(argv, { env: { ...env, HMS_URL: service.url } })
    expect(stderr).toContain('HMS_APPROVAL_MISMATCH')
    expect(service.requests.map(({ call }) => call)).toEqual(['POST /v1/approvals/prepare'])
  })
})
