import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigDocument, PolicyView, StreamFrame } from '#libs/contracts'
import { StableTree } from '#libs/signing'
import { sampleDocument, sampleFreshness } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../../libs/client/src/testing/sample-trust.js'
import { serveCanned, type Canned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'

const NOW = Date.parse('2026-11-29T12:00:00Z')
const at = (ms: number): string => new Date(NOW + ms).toISOString()
const documentOf = (id: string, limit = 25): ConfigDocument => sampleDocument({ policy: { id, version: '2.0.0', limit }, seq: 4, run: 184 })
const headOf = ({ id, seq, digest }: ConfigDocument) => ({ policy: id, seq, current: digest })

const LEAD = documentOf('lead-limit')
const OZONE = documentOf('ozone-limit', 70)

let folder: string
let roster: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-list-'))
  roster = join(folder, 'roster.json')
  await writeFile(roster, SAMPLE_ROSTER_BYTES)
})
afterAll(() => rm(folder, { recursive: true }))

let service: CannedService | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

/** View of a store that reports a value, an author and signers of its own. */
const viewOf = ({ id, version, digest }: ConfigDocument): PolicyView => ({
  id,
  version: version!,
  revision: 4,
  source: 'live',
  scope: 'global',
  since: at(-60_000),
  value: { id, version: version!, limit: 'none' },
  verification: 'by-caller',
  provenance: { run: 4711, digest: digest!, author: 'Mallory', approvedBy: ['Mallory'] },
})

interface Store {
  documents?: ConfigDocument[]
  views?: object[]
  /** Documents covered by the freshness statement. */
  stated?: ConfigDocument[]
  statedFromMs?: number
  /** Whether the store shows no proofs. */
  isUnproven?: boolean
  env?: Record<string, string>
}

async function run(
  argv: string[],
  {
    documents = [LEAD, OZONE],
    views = documents.map(viewOf),
    stated = [LEAD, OZONE],
    statedFromMs = -1_000,
    isUnproven,
    env = { HMS_ROSTER: roster },
  }: Store = {},
): Promise<CliRun> {
  const heads = stated.map(headOf)
  const tree = new StableTree(heads)
  const freshness = sampleFreshness(heads, at(statedFromMs), at(statedFromMs + 300_000))
  const ids = views.map((view) => (view as PolicyView).id)
  const answers: Record<string, Canned> = {}
  for (let from = 0; from < ids.length; from += 25) {
    const part = ids.slice(from, from + 25)
    const standing = Object.fromEntries(part.map((id) => [id, tree.proofOf(id)]))
    const frame: StreamFrame = {
      type: 'snapshot',
      revision: 9,
      changes: [],
      documents: documents.filter(({ id }) => part.includes(id)),
      freshness,
    }
    answers[`GET /v1/snapshot?revision=0&policies=${encodeURIComponent(part.join())}`] = {
      body: { ...frame, ...(isUnproven ? {} : { standing }) },
    }
  }
  service = await serveCanned({ 'GET /v1/policies': { body: views }, 'GET /v1/roster?since=1': { body: [] }, ...answers })
  return runForTest(argv, { env: { HMS_URL: service.url, ...env }, now: () => NOW })
}

const LIST = ['policies', 'list']
const BOTH = [[LIST], [['types']]]

describe('policies list and types', () => {
  it('show what people signed, whatever the service reports', async () => {
    const { code, stdout, stderr } = await run([...LIST, '--json'])
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toEqual(
      [LEAD, OZONE].map(({ id, digest }) =>
        expect.objectContaining({
          id,
          value: expect.objectContaining({ limit: expect.any(Number) }),
          since: at(-60_000),
          verification: 'by-caller',
          state: 'READY',
          trust: 'pinned',
          provenance: { run: 184, digest, author: null, approvedBy: ['EPA Chief'] },
        }),
      ),
    )
    await service!.close()
    expect((await run(LIST)).stdout).not.toContain('Mallory')
    await service!.close()
    expect((await run(['types'])).stdout).toContain('readonly limit: number\n')
    await service!.close()
    const { policies } = JSON.parse((await run(['types', '--json'])).stdout) as { policies: object[] }
    expect(policies[0]).toEqual({ id: 'lead-limit', version: '2.0.0', verification: 'by-caller' })
  })

  it.each<[string, Store, string]>([
    ['a changed value', { documents: [LEAD, altered(OZONE)] }, 'HMS_'],
    ['an approval without signatures', { documents: [LEAD, { ...OZONE, release: { ...OZONE.release!, signatures: [] } }] }, 'HMS_'],
    [
      'a policy that nothing signed puts in force',
      { documents: [LEAD], views: [LEAD, OZONE].map(viewOf), stated: [LEAD] },
      'no signed head',
    ],
    [
      'a head that the statement does not confirm',
      { documents: [LEAD, sampleDocument({ policy: { id: 'ozone-limit', version: '1.0.0', limit: 80 }, seq: 3 })] },
      'HMS_FRESHNESS_MIXED',
    ],
  ])('name %s, show the others, and exit 10', async (_what, store, why) => {
    const { code, stdout, stderr } = await run(LIST, store)
    expect(code).toBe(10)
    expect(stdout).toMatch(/lead-limit +2\.0\.0 +2026.*EPA Chief\nozone-limit +✗ +– +– +– +–\n$/)
    expect(stderr).toMatch(/1 of 2 policies that the store shows do not verify/)
    expect(stderr).toContain('ozone-limit')
    expect(stderr).toContain(why)
    expect(stderr).toContain('hms-svc policies restore ozone-limit')
    await service!.close()
    const { stdout: json } = await run([...LIST, '--json'], store)
    expect(JSON.parse(json)).toMatchObject([{ id: 'lead-limit' }, { id: 'ozone-limit', version: null, state: 'UNVERIFIED' }])
    expect(json).not.toContain('Mallory')
    await service!.close()
    // A program is compiled against the declaration: a part of it would remove fields.
    expect(await run(['types'], store)).toMatchObject({ code: 10, stdout: '' })
  })

  it.each(BOTH)('%j warn once where nothing confirms that the values are the newest', async (argv) => {
    const { code, stderr } = await run(argv, { statedFromMs: -900_000 })
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^! STALE: signed, and maybe not the newest: [^\n]*\(HMS_FRESHNESS_EXPIRED\)\n$/),
    ])
    await service!.close()
    const unproven = await run(argv, { isUnproven: true })
    expect([unproven.code, unproven.stderr]).toEqual([
      0,
      expect.stringMatching(/(! STALE: [^\n]*head 4 of (lead|ozone)-limit[^\n]*\n){2} {2}next: hms-svc audit verify\n$/),
    ])
  })

  it.each(BOTH)('%j report that the values are not verified where no roster is here', async (argv) => {
    const { code, stdout, stderr } = await run([...argv, '--json'], { env: {} })
    expect([code, stderr]).toEqual([0, expect.stringContaining('not verified: no roster here')])
    expect(stdout.match(/"verification":"not-by-caller"/g)).toHaveLength(2)
  })

  it('believe a side-car on this machine, and report it', async () => {
    const { provenance: _none, since: _since, ...local } = viewOf(LEAD)
    const { code, stdout, stderr } = await run([...LIST, '--json'], {
      views: [{ ...local, state: 'STALE', ageMs: 61_250, trust: 'pinned' }],
    })
    expect([code, JSON.parse(stdout)]).toEqual([0, [expect.objectContaining({ verification: 'by-sidecar', state: 'STALE' })]])
    expect(stderr).toBe('verified by the side-car, which is STALE\n')
  })

  it('read many policies in requests of a bounded size', async () => {
    const many = Array.from({ length: 60 }, (_, n) => documentOf(`limit-${String(n).padStart(2, '0')}`))
    const { code, stdout } = await run([...LIST, '--json'], { documents: many, isUnproven: true })
    expect([code, (JSON.parse(stdout) as object[]).length]).toEqual([0, 60])
    const sizes = service!.requests.flatMap(({ call }) => (call.includes('snapshot') ? [call.split('%2C').length] : []))
    expect(Math.max(...sizes)).toBe(25)
  })
})

function altered(document: ConfigDocument): ConfigDocument {
  const text = Buffer.from(document.release!.payload, 'base64').toString().replace('"limit":70', '"limit":9999')
  return { ...document, release: { ...document.release!, payload: Buffer.from(text).toString('base64') } }
}
