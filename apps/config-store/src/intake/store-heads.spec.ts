import { bundleOfHeads, bundleTags } from '#libs/signing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEAD_LETTERS } from '#libs/messaging'
import { REVISIONS } from '../heads/head.table.js'
import { digestOfRelease, POLICY, startStore, type HeadOptions } from '../testing/store-harness.suite.js'

let harness: Awaited<ReturnType<typeof startStore>>
beforeEach(async () => {
  harness = await startStore()
})
afterEach(() => harness.stop())

const deadLetters = () => harness.runtime.database.transaction((tx) => tx.documents(DEAD_LETTERS).find())

const publishedHeads = async () => (await harness.emitted('hms.head.published.v1')).flatMap(({ heads }) => heads)

describe('StoreHeads', () => {
  it('stores a head, and publishes the outcome for its issuer and the document for readers on the bus', async () => {
    expect(await harness.stored(await harness.head({ run: 7 }))).toMatchObject({ revision: 1, applied: true })
    const audience = { connected: 0, cohort: 0, smallestBucket: null }
    const release = digestOfRelease('1.0.0')
    const published = {
      policy: POLICY,
      scope: 'global',
      seq: 1,
      release,
      revision: 1,
      applied: true,
      audience,
      storedAt: harness.clock.now().toISOString(),
    }
    expect(await harness.emitted('hms.head.published.v1')).toEqual([{ run: 7, heads: [published] }])
    const [state] = await harness.emitted('hms.state.recorded.v1')
    expect(state!.document).toMatchObject({ id: POLICY, scope: 'global', seq: 1, revision: 1, version: '1.0.0', digest: release, run: 7 })
    expect(Object.keys(state!.document).sort()).toEqual([
      'digest',
      'head',
      'id',
      'proof',
      'release',
      'revision',
      'run',
      'scope',
      'seq',
      'version',
    ])
  })

  it('reports when it stored a head also to the path that delivers it second', async () => {
    const head = await harness.head()
    const { storedAt } = await harness.stored(head)
    harness.clock.advanceTo(harness.clock.now().getTime() + 5_000)
    expect(storedAt).toBeDefined()
    expect(await harness.stored(head)).toEqual({ revision: 1, applied: false, storedAt })
  })

  it('publishes the outcome of a head once, although it arrives on both paths', async () => {
    const first = await harness.head({ seq: 1 })
    await harness.stored(first)
    await harness.send([first], 'rollout')
    await harness.stored(await harness.head({ seq: 3, version: '3.0.0' }))
    expect(await harness.stored(first)).toEqual({ revision: 2, applied: false })
    expect((await publishedHeads()).map(({ seq, applied }) => ({ seq, applied }))).toEqual([
      { seq: 1, applied: true },
      { seq: 3, applied: true },
    ])
  })

  it('publishes once that a head was overtaken before it arrived, and keeps the stored head', async () => {
    await harness.stored(await harness.head({ seq: 3, version: '3.0.0' }))
    const late = await harness.head({ seq: 2, version: '2.0.0' })
    await harness.send([late], 'rollout')
    expect(await harness.stored(late)).toEqual({ revision: 1, applied: false })
    expect((await publishedHeads()).map(({ seq, applied, revision }) => [seq, applied, revision])).toEqual([
      [3, true, 1],
      [2, false, 1],
    ])
    expect(await (await fetch(`${harness.url}/v1/policies/${POLICY}`)).json()).toMatchObject({ version: '3.0.0' })
  })

  it('assigns revisions without a gap, one per bundle, and stores what each changed', async () => {
    await harness.stored(await harness.head())
    const bundle = await Promise.all(['a-limit', 'b-limit'].map((policy) => harness.head({ policy })))
    expect(await harness.stored(...bundle)).toMatchObject({ revision: 2, applied: true })
    const places = bundleTags(['a-limit', 'b-limit'].map((id) => ({ id, scope: 'global' })))
    const recorded = (await harness.emitted('hms.state.recorded.v1')).map(({ document, bundle }) => [document.id, bundle])
    expect(recorded).toEqual([
      [POLICY, undefined],
      ['a-limit', places],
      ['b-limit', places],
    ])
    expect(await harness.stored(await harness.head({ seq: 2, version: null }))).toMatchObject({ revision: 3, applied: true })
    const log = await harness.runtime.database.transaction((tx) => tx.documents(REVISIONS).find({ orderBy: 'revision' }))
    expect(log.map(({ revision, documents }) => [revision, documents.map(({ id }) => id)])).toEqual([
      [1, [POLICY]],
      [2, ['a-limit', 'b-limit']],
      [3, [POLICY]],
    ])
  })

  it('rejects an incomplete bundle, and one with another member', async () => {
    const said = ['a-limit', 'b-limit'].map((policy) => ({ policy, scope: 'global', seq: 1, current: digestOfRelease('1.0.0', policy) }))
    const bundle = bundleOfHeads(said)
    const [a, b] = await Promise.all(['a-limit', 'b-limit'].map((policy) => harness.head({ policy, bundle })))
    const others = [await harness.head({ policy: 'b-limit', version: '2.0.0', bundle }), await harness.head({ policy: 'c-limit' })]
    for (const heads of [[a!], [b!], [a!, others[0]!], [a!, others[1]!]]) {
      const answer = await harness.post(...heads)
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([422, 'HMS_HEAD_BUNDLE'])
    }
    expect(await harness.stored(a!, b!)).toMatchObject({ revision: 1, applied: true })
  })

  it('publishes the outcome of a bundle once per run and scope, with its overtaken heads', async () => {
    const [a, b] = ['a-limit', 'b-limit']
    await harness.stored(await harness.head({ policy: b, seq: 3, version: '3.0.0', run: 8 }))
    const canary = await harness.head({ policy: b, scope: 'region:NCR', version: '2.0.0', share: 500, run: 7 })
    await harness.stored(await harness.head({ policy: b, seq: 2, run: 7 }), await harness.head({ policy: a, seq: 2, run: 7 }), canary)
    const events = harness.recorded('hms.config.published.v1').map(({ key, runId }) => [key, runId])
    expect(events).toEqual([
      [b, '8'],
      [a, '7'],
      [b, '7'],
    ])
    const fates = (await harness.emitted('hms.head.published.v1')).map(({ run, heads }) => [
      run,
      heads.map(({ policy, scope, revision, applied }) => [policy, scope, revision, applied]),
    ])
    expect(fates.slice(1)).toEqual([
      [
        7,
        [
          [b, 'global', 1, false],
          [a, 'global', 2, true],
        ],
      ],
      [7, [[b, 'region:NCR', 2, true]]],
    ])
  })

  it('numbers the stable and canary heads of one policy independently', async () => {
    await harness.stored(await harness.head({ seq: 9 }))
    const canary = await harness.head({ scope: 'region:NCR', seq: 1, version: '2.0.0', share: 500, base: digestOfRelease('1.0.0') })
    expect(await harness.stored(canary)).toMatchObject({ revision: 2, applied: true })
  })
})

describe('StoreHeads rejects', () => {
  const cases: [string, string, HeadOptions][] = [
    ['a stable head of the canary controller', 'HMS_HEAD_SIGNER', { signedBy: 'canary-controller' }],
    ['a canary head of rollout', 'HMS_HEAD_SIGNER', { scope: 'region:NCR', signedBy: 'rollout' }],
    ['an unapproved release', 'HMS_HEAD_NOT_APPROVED', { approvedBy: [] }],
    ['a critical release with one of two approvals', 'HMS_HEAD_NOT_APPROVED', { tags: ['critical'] }],
    ['a release that its author alone signed', 'HMS_HEAD_NOT_APPROVED', { approvedBy: ['Air Office'] }],
    [
      'a critical release of its author and one of two',
      'HMS_HEAD_NOT_APPROVED',
      { tags: ['critical'], approvedBy: ['Air Office', 'EPA Chief'] },
    ],
    ['another release than the head names', 'HMS_HEAD_RELEASE_OTHER', { current: `sha256:${'0'.repeat(64)}` }],
  ]
  it.each(cases)('%s', async (_what, code, options) => {
    const response = await harness.post(await harness.head(options))
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([422, code])
    expect(await harness.emitted('hms.head.published.v1')).toEqual([])
  })

  it('a plan outside the bounds of the roster', async () => {
    const strict = await startStore('dev', (roster) => void (roster.bounds = { minObserveMs: 60_000 }))
    const response = await strict.post(await strict.head())
    await strict.stop()
    expect([response.status, await response.json()]).toMatchObject([
      422,
      { code: 'HMS_HEAD_PLAN_BOUNDS', detail: expect.stringContaining('minObserveMs') as string },
    ])
  })

  it('a payload that was changed after it was signed', async () => {
    const { head, release } = await harness.head()
    const payload = Buffer.from(Buffer.from(head.payload, 'base64').toString().replace('"seq":1', '"seq":2')).toString('base64')
    expect(await (await harness.post({ head: { ...head, payload }, release })).json()).toMatchObject({ code: 'HMS_HEAD_SIGNATURE' })
    expect(await (await harness.post({ head: { ...head, payload: 'bm8' }, release })).json()).toMatchObject({ code: 'HMS_HEAD_MALFORMED' })
  })

  it('a number that leaves none for later heads or releases, and stores the next one within reach', async () => {
    const step = 2 ** 31
    const last = Number.MAX_SAFE_INTEGER
    await harness.stored(await harness.head({ seq: 7 }))
    for (const options of [{ seq: last }, { seq: 8 + step }, { seq: 8, version: '2.0.0', epoch: last }] satisfies HeadOptions[]) {
      const response = await harness.post(await harness.head(options))
      expect([response.status, await response.json()]).toMatchObject([422, { code: 'HMS_NUMBER_AHEAD' }])
    }
    await harness.send([await harness.head({ seq: last, scope: 'region:NCR', base: null, version: '3.0.0' })], 'canary-controller')
    expect((await deadLetters()).map(({ code }) => code)).toEqual(['HMS_NUMBER_AHEAD'])
    expect(await harness.stored(await harness.head({ seq: 7 + step, version: '2.0.0', epoch: 1 + step }))).toMatchObject({ applied: true })
  })

  it('a head without the release it names, and the same policy twice', async () => {
    const signed = await harness.head()
    expect(await (await harness.post({ ...signed, release: null })).json()).toMatchObject({ code: 'HMS_HEAD_RELEASE_MISSING' })
    expect(await (await harness.post(signed, signed)).json()).toMatchObject({ code: 'HMS_HEAD_TWICE' })
  })

  it('copies of one head, before it verifies any signature', async () => {
    const { head, release } = await harness.head()
    const unsigned = { ...head, signatures: head.signatures.map((one) => ({ ...one, sig: Buffer.alloc(64).toString('base64') })) }
    const copies = Array.from({ length: 200 }, () => ({ head: unsigned, release }))
    expect(await (await harness.post(...copies)).json()).toMatchObject({ code: 'HMS_HEAD_TWICE' })
    expect(await (await harness.post(copies[0]!)).json()).toMatchObject({ code: 'HMS_HEAD_SIGNATURE' })
  })

  it('a valid head sent by another service, as a dead letter, and handles the next event of its key', async () => {
    await harness.send([await harness.head()], 'canary-controller')
    expect((await deadLetters()).map(({ code }) => code)).toEqual(['HMS_HEAD_SOURCE'])
    await harness.send([await harness.head()], 'rollout')
    expect(await harness.emitted('hms.head.published.v1')).toHaveLength(1)
  })
})
