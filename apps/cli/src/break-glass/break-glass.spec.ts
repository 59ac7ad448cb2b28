import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDemoIdentity } from '#libs/client'
import { toBase64, type ApprovalRequest, type PreparedApproval, type PrepareBreakGlassRequest, type RunView } from '#libs/contracts'
import { buildRelease, digestOfJson, type ReleasePredicate } from '#libs/signing'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

let folder: string
let service: CannedService | undefined
let env: Record<string, string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-break-glass-'))
  await createDemoIdentity(join(folder, 'installation'), [])
  env = { HMS_KEYS_DIR: join(folder, 'keys') }
  await writeFile(join(folder, 'pm25.yaml'), 'id: pm25\nversion: 2.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 25\n')
  for (const [name, phrase] of [
    ['EPA Chief', 'correct horse'],
    ['EPA Counsel', 'battery staple'],
  ] as const) {
    await writeFile(join(folder, `${phrase}.txt`), phrase, { mode: 0o600 })
    const made = await runForTest(['keys', 'create', '--name', name], { env: { ...env, HMS_KEY_PASSPHRASE: phrase } })
    expect(made.code).toBe(0)
  }
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => service?.close())

/** Responds as approver does, as far as the CLI can see. */
function prepare({ policies, reason }: PrepareBreakGlassRequest): PreparedApproval {
  const policy = policies[0] as ReleasePredicate['policy']
  const plan = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 300_000, bakeMs: 300_000, partners: null }
  const at = '2024-09-01T00:00:00Z'
  const place = { releaseEpoch: 1, previous: null, fallbacks: [], scopes: ['global'] }
  const { digest, payload } = buildRelease({ ...place, policy, author: null, plan, breakGlass: { reason }, preparedAt: at, expires: at })
  const release = { id: policy.id, version: policy.version, policyDigest: digestOfJson(policy), digest, live: '1.5.0', differences: [] }
  return {
    digest,
    run: null,
    state: 'PREPARED',
    releases: [{ ...release, payload: toBase64(payload) }],
    plan,
    missing: ['official'],
    signedBy: [],
    authors: [],
    breakGlass: { reason },
    expiresAt: at,
  }
}

const review = { ticket: 3, dueAt: '2024-09-02T00:00:00Z', state: 'OPEN' as const }

async function run(args: string[], preparing: (request: PrepareBreakGlassRequest) => PreparedApproval = prepare) {
  const breakGlass = { reason: 'wrong sensor', by: ['EPA Chief', 'EPA Counsel'], review }
  service = await serveCanned({
    'POST /v1/break-glass/prepare': { body: preparing },
    'POST /v1/break-glass': { body: { run: 184, state: 'LINTING', digest: 'sha256:1', missing: [] } },
    'GET /v1/runs/184': { body: { run: 184, breakGlass } satisfies Partial<RunView> },
  })
  return runForTest(['break-glass', ...args], { env: { ...env, HMS_URL: service.url } })
}

const file = (name: string): string => join(folder, name)
const asSigner = (name: string, passphrase: string): string[] => ['--sign', name, '--passphrase-file', file(passphrase)]
const BOTH = (): string[] => [...asSigner('EPA Chief', 'correct horse.txt'), ...asSigner('EPA Counsel', 'battery staple.txt')]

describe('break-glass', () => {
  it('shows the content, unlocks the key of each signer, and submits all signatures in one request', async () => {
    const { code, stdout, stderr } = await run([file('pm25.yaml'), ...BOTH(), '--reason', 'wrong sensor'])
    expect([code, stdout]).toEqual([
      0,
      '✓ Signed together by EPA Chief and EPA Counsel\n✓ On its way past simulation and canary (run #184)\n',
    ])
    expect(stderr).toContain(
      '  BREAK-GLASS: wrong sensor\n  Plan: no simulation, no canary, watched for 5 min after the rollout, all partners\n',
    )
    expect(stderr).toContain(`Another person must review it until ${review.dueAt}: hms-svc tickets decide 3 --decision accept`)
    const { signatures } = service!.requests.find(({ call }) => call === 'POST /v1/break-glass')!.body as ApprovalRequest
    expect(new Set(signatures.map(({ keyid }) => keyid)).size).toBe(2)
  })

  it.each<[string, string[]]>([
    ['one signer', ['--sign', 'EPA Chief', '--reason', 'x']],
    ['the same signer twice', ['--sign', 'EPA Chief', '--sign', 'EPA Chief', '--reason', 'x']],
    ['no reason', ['--sign', 'EPA Chief', '--sign', 'EPA Counsel']],
    ['an empty reason', ['--sign', 'EPA Chief', '--sign', 'EPA Counsel', '--reason', ' ']],
  ])('refuses %s before it sends a request', async (_what, flags) => {
    const { code } = await run([file('pm25.yaml'), ...flags])
    expect([code, service?.requests]).toEqual([2, []])
  })

  it('signs its reads too if the service asks for a signature, and reports the acceptance without them', async () => {
    const watched: Partial<RunView> = { run: 184, state: 'PAUSED', attempt: 1, policies: [], stages: [], decisions: [], endedAt: null }
    service = await serveCanned({
      'POST /v1/break-glass/prepare': { signed: true, body: prepare },
      'POST /v1/break-glass': { body: { run: 184, state: 'LINTING', digest: 'sha256:1', missing: [] } },
      'GET /v1/runs/184': { status: 500, body: { code: 'HMS_TEST', detail: 'none', status: 500 } },
      'GET /v1/runs/184/events': { events: [watched] },
    })
    const roster = { HMS_URL: service.url, HMS_ROSTER: join(folder, 'installation', 'roster.json') }
    const argv = ['break-glass', file('pm25.yaml'), ...BOTH(), '--reason', 'wrong sensor']
    const { code, stdout, stderr } = await runForTest(argv, { env: { ...env, ...roster } })
    expect([code, stdout], stderr).toEqual([0, expect.stringContaining('On its way past simulation and canary (run #184)')])
    expect((await runForTest([...argv, '--watch'], { env: { ...env, ...roster } })).code).toBe(7)
    const reads = service.requests.filter(({ call }) => call.startsWith('GET /v1/runs/'))
    expect(reads.map(({ call, authorization }) => [call, authorization !== undefined])).toEqual([
      ['GET /v1/runs/184', true],
      ['GET /v1/runs/184', true],
      ['GET /v1/runs/184/events', true],
    ])
  })

  it('signs nothing if this machine lacks the key of one signer', async () => {
    const { code } = await run([file('pm25.yaml'), '--sign', 'EPA Chief', '--sign', 'Air Office', '--reason', 'x'])
    expect([code, service?.requests]).toEqual([3, []])
  })

  it('signs nothing if the service prepared the release with another reason', async () => {
    const { code, stderr } = await run([file('pm25.yaml'), ...BOTH(), '--reason', 'wrong sensor'], (request) =>
      prepare({ ...request, reason: 'drill' }),
    )
    expect([code, service?.requests.length]).toEqual([11, 1])
    expect(stderr).toContain('HMS_APPROVAL_MISMATCH')
  })
})
