import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { rollbackPolicy } from '#libs/client'
import type { ConfigDocument, StreamFrame } from '#libs/contracts'
import { serveCanned, type Canned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'
import { sampleDocument, sampleFrame } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../../libs/client/src/testing/sample-trust.js'

const ID = 'epa-pm25-limit'
const LIVE = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 4 })
const BACK = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 5 })
const OZONE = sampleDocument({ policy: { id: 'ozone-limit', version: '3.0.0', limit: 70 }, seq: 2 })
const LATER = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25, effective: '2035-01-01T00:00:00Z' } })
/** Puts 1.5.0 in force and holds 2.0.0. */
const HOLDING: ConfigDocument = {
  ...sampleDocument({
    policy: { id: ID, version: '1.5.0', limit: 35 },
    seq: 5,
    next: { release: LATER.digest!, at: '2035-01-01T00:00:00Z', run: 7 },
  }),
  next: { release: LATER.release!, proof: null },
}
const WITHDRAWN = sampleDocument({ policy: null, id: ID, seq: 5 })

let folder: string
let roster: string
let service: CannedService | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-rollback-unverified-'))
  roster = join(folder, 'roster.json')
  await writeFile(roster, SAMPLE_ROSTER_BYTES)
  const env = { HMS_KEYS_DIR: folder, HMS_KEY_PASSPHRASE: 'secret' }
  expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env })).code).toBe(0)
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => (vi.unstubAllEnvs(), service?.close()))

/** Serves a rollback to 1.5.0 and a withdrawal of 2.0.0 as done, and these documents as in force. */
async function serveDone(frame: Canned, moved?: { id: string; from: string; version: string }[]): Promise<Record<string, string>> {
  const policies = [ID, ...(moved ?? []).map(({ id }) => id).filter((id) => id !== ID)]
  service = await serveCanned({
    'GET /v1/roster?since=1': { body: [] },
    'POST /v1/rollbacks': {
      body: { id: ID, version: '1.5.0', from: '2.0.0', moved, seq: 5, digest: BACK.digest, revision: 9, stored: [] },
    },
    ...Object.fromEntries(
      policies.map((id) => [
        `GET /v1/coverage?policy=${id}&revision=9&waitMs=200`,
        { body: { policy: id, revision: 9, total: 2, current: 2, lagging: [] } },
      ]),
    ),
    [`GET /v1/policies/${ID}`]: { body: { id: ID, version: '2.0.0', revision: 8, provenance: { digest: LIVE.digest } } },
    [`GET /v1/snapshot?policies=${ID}`]: { body: { documents: [LIVE] } },
    'POST /v1/withdrawals': {
      status: 202,
      body: { id: ID, version: '2.0.0', state: 'WITHDRAWN', signedBy: ['EPA Chief'], missing: [], seq: 5, revision: 9, stored: [] },
    },
    [`GET /v1/snapshot?revision=0&policies=${policies.join('%2C')}`]: frame,
  })
  return { HMS_URL: service.url, HMS_ROSTER: roster, HMS_KEYS_DIR: folder, HMS_KEY_PASSPHRASE: 'secret' }
}

function shown(documents: ConfigDocument[], stated = documents, atMs = Date.now() - 1_000): { body: StreamFrame } {
  return { body: sampleFrame(documents, atMs, stated) }
}

async function rollback(frame: Canned, moved?: { id: string; from: string; version: string }[]): Promise<CliRun> {
  return runForTest(['rollback', `${ID}@1.5.0`, '--reason', 'drill', '--json', '--timeout', '200ms'], {
    env: await serveDone(frame, moved),
  })
}

describe('a rollback that the server reports', () => {
  it('is printed as done once the signed head puts the version in force', async () => {
    const { code, stdout, stderr } = await rollback(shown([BACK]))
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject({ version: '1.5.0', acknowledged: 2, verification: 'by-caller' })
  })

  it.each([
    [
      'nothing was rolled back',
      shown([LIVE]),
      'The server reports epa-pm25-limit@1.5.0 as in force, but the signed head puts 2.0.0 in force',
    ],
    ['the policy is withdrawn', shown([WITHDRAWN]), 'but no signed head puts it in force'],
    ['an earlier head is shown', shown([BACK], [LIVE]), 'but its document does not verify: rollout’s freshness statement'],
    ['a later release is still held', shown([HOLDING]), 'but the signed head puts 1.5.0 in force, and holds 2.0.0 until its time'],
    ['the head is forged', shown([sampleDocument({ policy: { id: ID, version: '1.5.0' }, headSignedBy: 'simulator' })]), 'does not verify'],
  ])('is not printed as done if %s', async (_what, frame, why) => {
    const { code, stdout, stderr } = await rollback(frame)
    expect([code, stdout]).toEqual([10, ''])
    expect(stderr.replaceAll("'", '’')).toContain(why)
    expect(stderr).toContain('HMS_VERIFY_PRESENT')
  })

  it('is not printed as done if another policy that it reports was not rolled back', async () => {
    const moved = [
      { id: ID, from: '2.0.0', version: '1.5.0' },
      { id: 'ozone-limit', from: '3.0.0', version: '2.0.0' },
    ]
    const { code, stderr } = await rollback(shown([BACK, OZONE]), moved)
    expect(code).toBe(10)
    expect(stderr).toContain('The server reports ozone-limit@2.0.0 as in force, but the signed head puts 3.0.0 in force')
  })

  it('is printed as one that may be outdated if nothing recent confirms the head', async () => {
    const { code, stderr } = await rollback(shown([BACK], [BACK], Date.now() - 3_600_000))
    expect(code).toBe(0)
    expect(stderr).toMatch(/^! STALE: signed, and maybe not the newest: .*\(HMS_FRESHNESS_EXPIRED\)/)
  })

  it('is printed as unconfirmed if the head cannot be read', async () => {
    const { stdout, stderr } = await rollback({ status: 403, body: { code: 'HMS_AUTH_SCOPE', detail: 'no scope read', status: 403 } })
    expect(stdout).toBe('')
    expect(stderr).toContain('HMS_ROLLBACK_UNCONFIRMED')
    expect(stderr).toContain('as in force, but the signed head could not be verified: no scope read"')
  })

  it('is verified by the SDK', async () => {
    for (const [name, value] of Object.entries(await serveDone(shown([BACK])))) vi.stubEnv(name, value)
    expect(await rollbackPolicy(`${ID}@1.5.0`, { waitMs: 200 })).toMatchObject({ verification: 'by-caller' })
    await service?.close()
    for (const [name, value] of Object.entries(await serveDone(shown([LIVE])))) vi.stubEnv(name, value)
    await expect(rollbackPolicy(`${ID}@1.5.0`, { waitMs: 200 })).rejects.toMatchObject({ code: 'HMS_VERIFY_PRESENT', status: 502 })
  })
})

describe('a withdrawal that the server reports', () => {
  const withdraw = async (frame: Canned): Promise<CliRun> =>
    runForTest(['withdraw', ID, '--reason', 'drill', '--sign', 'EPA Chief', '--timeout', '200ms'], { env: await serveDone(frame) })

  it('is printed as done only if the signed head puts no version in force', async () => {
    expect(await withdraw(shown([WITHDRAWN]))).toMatchObject({ code: 0, stdout: expect.stringContaining('is withdrawn') as string })
    await service?.close()
    const { code, stdout, stderr } = await withdraw(shown([LIVE]))
    expect([code, stdout]).toEqual([10, ''])
    expect(stderr).toContain('The server reports epa-pm25-limit as withdrawn, but the signed head puts 2.0.0 in force')
  })
})
