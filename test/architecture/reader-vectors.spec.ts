import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BundleRefused, verifyBundle } from '#libs/verify'
import { expectGolden } from '../support/documents/golden-file.js'
import { bundles } from '../support/reader-vectors/bundles.js'
import { runSession } from '../support/reader-vectors/run-session.js'
import { sessions } from '../support/reader-vectors/sessions.js'
import type { BundleVector, Vector } from '../support/reader-vectors/vectors.js'
import { ROOT } from './root.js'

const FOLDER = 'docs/reference/reader-vectors'
const { bundleOf } = (await import(new URL('../../apps/demo/bin/bundle-bridge.mjs', import.meta.url).href)) as {
  bundleOf: (options: object) => Promise<Uint8Array>
}

async function answerOf({ roster, at, bundle }: BundleVector): Promise<NonNullable<BundleVector['expect']>> {
  const options = { roster: Buffer.from(JSON.stringify(roster)), at: new Date(at) }
  try {
    const { policy, release } = await verifyBundle(Buffer.from(bundle), options)
    return { policy: policy.id, version: policy.version, approvedBy: release.approvedBy, seq: release.seq }
  } catch (error) {
    if (!(error instanceof BundleRefused)) throw error
    return { refused: error.code }
  }
}

const text = (vector: object): string => `${JSON.stringify(vector, undefined, 1)}\n`

/** `docs/reference/reader-vectors` is what the product makes of fixed keys, times and documents; `npm run schemas` writes it. */
describe('the vectors for readers in other languages', async () => {
  const files: Record<string, string> = {}
  for (const [name, vector] of Object.entries(await sessions())) {
    const answers = runSession(vector)
    files[`${name}.json`] = text({ ...vector, steps: vector.steps.map((step, index) => ({ ...step, expect: answers[index] })) })
  }
  for (const [name, vector] of Object.entries(await bundles())) files[`${name}.json`] = text({ ...vector, expect: await answerOf(vector) })
  const names = Object.keys(files).sort()
  const sums = names.map((name) => [name, `sha256:${createHash('sha256').update(files[name]!).digest('hex')}`])
  files['index.json'] = text({ v: 1, files: Object.fromEntries(sums) })

  it.each(Object.keys(files))('%s is what the product makes of it', (name) => expectGolden(files[name]!, `${FOLDER}/${name}`))

  it('have the same answers with the crypto of a page, as the bridge has it', { timeout: 300_000 }, async () => {
    const folder = join(ROOT, 'test/support/reader-vectors')
    const bundle = await bundleOf({ libs: join(ROOT, 'libs'), folder, extension: 'ts', entry: 'run-session', external: [] })
    const code = Buffer.from(bundle).toString('utf8')
    expect(code).not.toMatch(/from\s*["']node:/)
    const page = (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as { runSession: typeof runSession }
    for (const [name, vector] of Object.entries(await sessions())) expect(page.runSession(vector), name).toEqual(runSession(vector))
  })

  it('are these alone', () => {
    const stored = readdirSync(join(ROOT, FOLDER)).filter((name) => name.endsWith('.json'))
    expect(stored.sort()).toEqual(Object.keys(files).sort())
  })

  it('have each code of a reader, and both sides of each rule', () => {
    const said = names.map((name) => readFileSync(join(ROOT, FOLDER, name), 'utf8')).join('')
    const found = [...new Set([...said.matchAll(/HMS_[A-Z_]+/g)].map(([code]) => code))].sort()
    expect(found).toMatchInlineSnapshot(`
      [
        "HMS_FRESHNESS_AHEAD",
        "HMS_FRESHNESS_EXPIRED",
        "HMS_FRESHNESS_INVALID",
        "HMS_FRESHNESS_MISSING",
        "HMS_FRESHNESS_MIXED",
        "HMS_HEAD_MALFORMED",
        "HMS_HEAD_NEXT_TIME",
        "HMS_HEAD_NOT_APPROVED",
        "HMS_HEAD_NOT_LOGGED",
        "HMS_HEAD_RELEASE_MISSING",
        "HMS_HEAD_RELEASE_OTHER",
        "HMS_HEAD_REPLAYED",
        "HMS_HEAD_SCOPE",
        "HMS_HEAD_SIGNATURE",
        "HMS_HEAD_SIGNER",
        "HMS_RELEASE_BELOW_FLOOR",
        "HMS_RELEASE_TAG_DROPPED",
        "HMS_ROSTER_EXPIRED",
        "HMS_ROSTER_INSTALLATION",
        "HMS_ROSTER_PROFILE",
        "HMS_ROSTER_THRESHOLD",
        "HMS_ROSTER_VERSION",
        "HMS_VERIFY_HEAD",
        "HMS_VERIFY_PROOF",
        "HMS_VERIFY_RELEASE",
      ]
    `)
    const all = names.map((name) => JSON.parse(files[name]!) as Vector | BundleVector)
    expect(
      all.filter((vector) => 'steps' in vector && vector.steps.some(({ expect: it }) => it!.refused.length === 0)).length,
    ).toBeGreaterThan(15)
  })
})
