import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigDocument, PolicyView, StreamFrame } from '#libs/contracts'
import { StableTree } from '#libs/signing'
import { sampleDocument, sampleFreshness } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER, SAMPLE_ROSTER_BYTES } from '../../libs/client/src/testing/sample-trust.js'
import { serveCanned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'

const ID = 'epa-pm25-limit'
const NOW = Date.parse('2026-11-29T12:00:00Z')
const at = (ms: number): string => new Date(NOW + ms).toISOString()
const headOf = ({ id, seq, digest }: ConfigDocument) => ({ policy: id, seq, current: digest })

const OLD = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 3 })
const LIVE = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 4, run: 184 })

let folder: string
let roster: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-get-'))
  roster = join(folder, 'roster.json')
  await writeFile(roster, SAMPLE_ROSTER_BYTES)
})
afterAll(() => rm(folder, { recursive: true }))

let service: CannedService | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

/** Returns config-store's view of a document. */
const viewOf = ({ version, digest }: ConfigDocument, more: Partial<PolicyView> = {}): PolicyView => ({
  id: ID,
  version: version!,
  revision: 4,
  source: 'live',
  scope: 'global',
  since: at(-60_000),
  value: { id: ID, version: version!, limit: 9999 },
  verification: 'by-caller',
  provenance: { run: 4711, digest: digest!, author: 'Mallory', approvedBy: ['Mallory'] },
  ...more,
})

interface Store {
  view?: object
  documents?: ConfigDocument[]
  /** Documents covered by the freshness statement. */
  stated?: ConfigDocument[]
  statedFromMs?: number
  env?: Record<string, string>
  /** Whether the store leaves out the proofs, as while its heads differ from the statement. */
  isUnproven?: boolean
  /** Whether the service publishes its roster. */
  isShown?: boolean
}

async function get(
  argv: string[],
  {
    documents = [LIVE],
    stated = documents,
    statedFromMs = -1_000,
    view = viewOf(LIVE),
    env = { HMS_ROSTER: roster },
    isShown,
    isUnproven,
  }: Store = {},
): Promise<CliRun> {
  const tree = new StableTree(stated.map(headOf))
  const freshness = sampleFreshness(stated.map(headOf), at(statedFromMs), at(statedFromMs + 300_000))
  const frame: StreamFrame = {
    type: 'snapshot',
    revision: 9,
    changes: [],
    documents,
    freshness,
    ...(isUnproven ? {} : { standing: { [ID]: tree.proofOf(ID) } }),
  }
  service = await serveCanned({
    [`GET /v1/policies/${ID}`]: { body: view },
    [`GET /v1/snapshot?revision=0&policies=${ID}`]: { body: frame },
    'GET /v1/roster?since=1': { body: [] },
    ...(isShown ? { 'GET /v1/roster': { body: [{ version: 1, envelope: SAMPLE_ROSTER }] } } : {}),
  })
  return runForTest(['get', ...argv], { env: { HMS_URL: service.url, ...env }, now: () => NOW })
}

describe('get', () => {
  it('shows what people signed, whatever the service returns beside it', async () => {
    const { code, stdout, stderr } = await get([ID, '--json'])
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toEqual({
      id: ID,
      version: '2.0.0',
      revision: 4,
      source: 'live',
      scope: 'global',
      since: at(-60_000),
      value: { id: ID, version: '2.0.0', limit: 25, effective: '2024-09-01T00:00:00Z' },
      verification: 'by-caller',
      state: 'READY',
      trust: 'pinned',
      provenance: { run: 184, digest: LIVE.digest, author: null, approvedBy: ['EPA Chief'] },
    })
    expect(service!.requests).toHaveLength(3)
  })

  it('prints who rolled back, and why, from the store’s record of this release alone', async () => {
    const change = { cause: 'rollback' as const, by: ['Air Office'], reason: 'tree frogs were seen' }
    const view = (document: ConfigDocument) => viewOf(document, { provenance: { ...viewOf(document).provenance, change } })
    const line = "In force by rollback by Air Office: tree frogs were seen (config-store's word)"
    expect((await get([ID], { view: view(LIVE) })).stdout).toContain(`\n${line}\n`)
    await service!.close()
    expect(JSON.parse((await get([ID, '--json'], { view: view(LIVE) })).stdout)).toMatchObject({ provenance: { change } })
    await service!.close()
    expect((await get([ID], { view: view(OLD) })).stdout).not.toContain('tree frogs')
  })

  it('prints whether the roster was pinned or taken on first use', async () => {
    expect((await get([ID])).stdout).toMatch(/ {2}limit: 25\nRun #184, sha256:.*\nApproved by EPA Chief\nVerified here; roster pinned\n$/)
    await service!.close()
    expect((await get([ID], { env: {}, isShown: true })).stdout).toMatch(/\nVerified here; roster first-use\n$/)
  })

  it.each<[string, Store, string]>([
    ['a changed value', { documents: [altered(LIVE)], stated: [LIVE] }, 'HMS_'],
    ['an approval without signatures', { documents: [{ ...LIVE, release: { ...LIVE.release!, signatures: [] } }], stated: [LIVE] }, 'HMS_'],
    ['a head put back', { documents: [OLD], stated: [LIVE], view: viewOf(OLD) }, 'HMS_FRESHNESS_MIXED'],
    ['a value that nothing signed puts in force', { documents: [] }, 'no signed head puts it in force'],
  ])('shows no value of %s, and exits 10', async (_what, store, why) => {
    for (const argv of [[ID], [ID, '--json'], [`${ID}.limit`]]) {
      const { code, stdout, stderr } = await get(argv, store)
      expect([code, stdout]).toEqual([10, ''])
      expect(stderr).toContain('HMS_VERIFY_PRESENT')
      expect(stderr).toContain(why)
      expect(stderr).not.toContain('9999')
      await service!.close()
    }
  })

  it.each([[[`${ID}.limit`]], [[`${ID}.limit`, '--json']], [[`${ID}.limit`, '--quiet']]])(
    '%j warns beside the value where rollout has been away for ten minutes',
    async (argv) => {
      const { code, stdout, stderr } = await get(argv, { statedFromMs: -900_000 })
      expect([code, stdout]).toEqual([0, '25\n'])
      expect(stderr).toMatch(/^! STALE: .*\(HMS_FRESHNESS_EXPIRED\)\n$/)
    },
  )

  it('prints in JSON and in the text that it is STALE', async () => {
    const { stdout } = await get([ID, '--json'], { statedFromMs: -900_000 })
    expect(JSON.parse(stdout)).toMatchObject({ state: 'STALE', code: 'HMS_FRESHNESS_EXPIRED', verification: 'by-caller' })
    await service!.close()
    const text = await get([ID], { statedFromMs: -900_000 })
    expect(text.stdout).toMatch(/\nSTALE \(HMS_FRESHNESS_EXPIRED\), signatures verified here; roster pinned\n$/)
  })

  it.each([[[ID]], [[ID, '--json']], [[`${ID}.limit`]]])(
    '%j names the head that no statement confirms, and the next step',
    async (argv) => {
      const { code, stdout, stderr } = await get(argv, { documents: [OLD], stated: [LIVE], view: viewOf(OLD), isUnproven: true })
      expect([code, stdout]).toEqual([0, expect.stringContaining('35')])
      const stated = `rollout's freshness statement of ${at(-1_000)}`
      expect(stderr).toBe(
        `! STALE: signed, and maybe not the newest: the server shows no proof that ${stated} is on head 3 of ${ID}: ` +
          'a newer head may have been withheld (HMS_FRESHNESS_MIXED)\n  next: hms-svc audit verify\n',
      )
    },
  )

  it('prints that it is not verified where no roster is here', async () => {
    const { code, stdout, stderr } = await get([ID, '--json'], { env: {} })
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ verification: 'not-by-caller', version: '2.0.0' })])
    expect(stderr).toContain('not verified: no roster here')
  })

  it('does not do without a roster that is named', async () => {
    const named = await get([ID], { env: { HMS_ROSTER: join(folder, 'none.json') } })
    expect([named.code, named.stdout]).toEqual([2, ''])
    expect(named.stderr).toContain('HMS_ROSTER_UNREADABLE')
  })

  it('trusts a side-car on this machine, and prints that', async () => {
    const { provenance: _none, since: _since, ...local } = viewOf(LIVE)
    const sidecar = { ...local, state: 'STALE', ageMs: 61_250, trust: 'pinned' }
    const { code, stdout, stderr } = await get([ID, '--json'], { view: sidecar })
    expect([code, JSON.parse(stdout)]).toEqual([0, { ...sidecar, verification: 'by-sidecar' }])
    expect(stderr).toBe('verified by the side-car, which is STALE\n')
  })
})

function altered(document: ConfigDocument): ConfigDocument {
  const text = Buffer.from(document.release!.payload, 'base64').toString().replace('"limit":25', '"limit":9999')
  return { ...document, release: { ...document.release!, payload: Buffer.from(text).toString('base64') } }
}
