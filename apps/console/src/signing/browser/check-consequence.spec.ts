import { digestInGroups, toBase64, type Envelope, type ScenarioConsequence, type TrialStatement } from '#libs/contracts'
import { consequenceOf, consentOf } from '#libs/policy'
import { buildRelease, digestOf, generateKeyPair, localSigner, PREDICATE_TYPES, signStatement } from '#libs/signing'
import { describe, expect, it } from 'vitest'
import { LARGE, MILD, trialStatement } from '../../testing/trials.js'
import { consequenceText, notVerifiedText } from '../consequence-texts.js'
import { checkConsequence, checkTyped, type ShownConsequence } from './check-consequence.js'
import type { Shown } from './check-shown.js'

const POLICY = { id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, units: 'ug_per_m3' }
const LIVE = { ...POLICY, version: '1.5.0', limit: 35 }
const PLAN = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 0, bakeMs: 0, partners: null }

function shownOf(policy: typeof POLICY, live: typeof POLICY | null): Shown {
  const bytesOf = (document: typeof POLICY) =>
    buildRelease({
      policy: document,
      releaseEpoch: 2,
      previous: null,
      fallbacks: [],
      scopes: ['global'],
      author: 'Air Office',
      plan: PLAN,
      preparedAt: '2026-11-26T11:00:00Z',
      expires: '2026-12-03T12:00:00Z',
    }).payload
  const bytes = bytesOf(policy)
  return { digest: digestInGroups(digestOf(bytes)), bytes: toBase64(bytes), lines: [], live: live === null ? '' : toBase64(bytesOf(live)) }
}

const [simulator, stranger] = [generateKeyPair(), generateKeyPair()]
const RELEASE = shownOf(POLICY, LIVE)

async function consequence(scenarios: ScenarioConsequence[], key = simulator, policy = POLICY, live: typeof POLICY | null = LIVE) {
  const trial = await trialStatement(policy, live, key, scenarios)
  const { predicate } = JSON.parse(Buffer.from(trial.payload, 'base64').toString()) as { predicate: TrialStatement }
  const texts = consequenceOf(predicate).map(consequenceText)
  return { texts, trial: JSON.stringify(trial), keys: JSON.stringify([stranger.spki, simulator.spki]) } satisfies ShownConsequence
}

describe('the consequence that the page shows', () => {
  it('is the sentence of the statement that simulator signed, and says whether the change is large', async () => {
    const mild = await consequence([MILD])
    expect(mild.texts).toEqual([
      '131 more readings of virginia-2023 (2023-01-06 to 2023-12-31) would have been violations: 118 → 249 (1.7 % of 7,703).',
    ])
    expect(checkConsequence([RELEASE], [mild])).toBe(false)
    expect(checkConsequence([RELEASE], [await consequence([MILD, { ...LARGE, scenario: 'other' }])])).toBe(true)
    expect(checkConsequence([shownOf(POLICY, null)], [await consequence([MILD], simulator, POLICY, null)])).toBe(false)
  })

  it('is waited for while simulator replays readings, because it may ask for the value again', async () => {
    const pending = { texts: [], trial: '', why: 'late', pending: '' }
    expect(() => checkConsequence([RELEASE], [pending])).toThrow('Nothing was signed: wait until the page shows')
  })

  it('may be that nothing is proven', async () => {
    for (const texts of [[], [notVerifiedText('it is silent')]])
      expect(checkConsequence([RELEASE], [{ texts, trial: '', why: 'it is silent' }])).toBe(false)
  })

  it('may not be another sentence, another count, or none', async () => {
    const shown = await consequence([MILD])
    for (const texts of [[shown.texts[0]!.replace('131', '13')], [], [...shown.texts, 'All is well.']])
      expect(() => checkConsequence([RELEASE], [{ ...shown, texts }])).toThrow('and simulator signed "131 more')
  })

  it('may not be a sentence without a statement', async () => {
    const { texts } = await consequence([MILD])
    expect(() => checkConsequence([RELEASE], [{ texts, trial: '', why: 'it is silent' }])).toThrow('CONSEQUENCE NOT VERIFIED')
  })

  it('may not be missing, or there twice', async () => {
    const shown = await consequence([MILD])
    for (const parts of [[], [shown, shown]])
      expect(() => checkConsequence([RELEASE], parts)).toThrow('the page does not show one consequence')
  })

  it('may not be signed by anyone but simulator', async () => {
    const [other, own] = [await consequence([MILD], generateKeyPair()), await consequence([MILD])]
    expect(() => checkConsequence([RELEASE], [other])).toThrow('Nothing was signed: the consequence is not proven: signed by')
    expect(() => checkConsequence([RELEASE], [{ ...own, keys: '[]' }])).toThrow('the consequence is not proven')
  })

  it('may not be another statement that simulator signed', async () => {
    const shown = await consequence([MILD])
    const { payload } = JSON.parse(shown.trial) as Envelope
    const { predicate } = JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: object }
    const kind = { predicateType: PREDICATE_TYPES.event, shape: {}, subject: () => ({ name: 'x', digest: { sha256: 'a'.repeat(64) } }) }
    const trial = JSON.stringify(await signStatement(kind, predicate, [localSigner(simulator.privateKey)]))
    expect(() => checkConsequence([RELEASE], [{ ...shown, trial }])).toThrow('the consequence is not proven')
  })

  it.each<[string, Shown[], string]>([
    ['of another policy than the one that is signed', [shownOf({ ...POLICY, limit: 5 }, LIVE)], 'it is about other policies'],
    ['of fewer policies than are signed', [RELEASE, shownOf({ ...POLICY, id: 'ozone' }, null)], 'it is about other policies'],
    ['compared with another version', [shownOf(POLICY, { ...LIVE, limit: 36 })], 'it compares with another version in force'],
    ['compared with one, where nothing is in force', [shownOf(POLICY, null)], 'it compares with another version in force'],
    ['compared with what is not verified', [{ ...RELEASE, live: undefined, why: 'it is silent' }], 'is compared with what is not verified'],
  ])('may not be %s', async (_what, releases, why) => {
    const shown = await consequence([MILD])
    expect(() => checkConsequence(releases, [shown])).toThrow(why)
  })
})

describe('the value of a large change', () => {
  const live = new Map([[POLICY.id, { kind: 'verified', release: { policy: LIVE, digest: digestOf('live') } } as const]])
  const release = { policy: POLICY, previous: null, fallbacks: [], author: null, plan: PLAN }
  const consent = consentOf([release], live)

  it('is typed again before anything is signed', () => {
    for (const typed of ['25', '25.0']) expect(() => checkTyped(true, consent, typed)).not.toThrow()
    for (const typed of [undefined, '', '5', '35'])
      expect(() => checkTyped(true, consent, typed)).toThrow('Nothing was signed: this is a large change. Type the new limit again.')
  })

  it('is the number that differs most from the one in force, of all policies of a bundle', () => {
    const [mild, large] = [
      { ...POLICY, id: 'a', limit: 34 },
      { ...POLICY, id: 'b', grace: 6, limit: 5 },
    ]
    const inForce = new Map(
      [
        { ...LIVE, id: 'a' },
        { ...LIVE, id: 'b', grace: 5 },
      ].map((policy) => [policy.id, { kind: 'verified', release: { policy, digest: digestOf('live') } } as const]),
    )
    const both = consentOf(
      [mild, large].map((policy) => ({ ...release, policy })),
      inForce,
    )
    expect(() => checkTyped(true, both, '34')).toThrow('Type the new b.limit again.')
    expect(() => checkTyped(true, both, '5')).not.toThrow()
    const alone = consentOf([{ ...release, policy: large }], inForce)
    expect(() => checkTyped(true, alone, '6')).toThrow('Type the new limit again.')
  })

  it('is a number that was another before, by its unit, rather than a new one', () => {
    const [measured, other] = [
      { ...POLICY, limit: 30, mass: { units: 'ppb', value: 70 }, added: 1 },
      { ...LIVE, limit: 10, mass: { units: 'ppm', value: 0.07 } },
    ]
    const inForce = new Map([
      [POLICY.id, { kind: 'verified', release: { policy: other as typeof LIVE, digest: digestOf('live') } } as const],
    ])
    const both = consentOf([{ ...release, policy: measured as typeof POLICY }], inForce)
    expect(() => checkTyped(true, both, '1')).toThrow('Type the new limit again.')
    expect(() => checkTyped(true, both, '30')).not.toThrow()
    const first = consentOf([{ ...release, policy: { ...LIVE, version: '2.0.0', added: 7 } as typeof POLICY }], live)
    expect(() => checkTyped(true, first, '7')).not.toThrow()
  })

  it('is not needed for any other change', () => {
    expect(() => checkTyped(false, consent, undefined)).not.toThrow()
  })

  it('is the version where no number changes', () => {
    const same = consentOf([{ ...release, policy: { ...LIVE, version: '2.0.0' } }], live)
    expect(() => checkTyped(true, same, '2.0.0')).not.toThrow()
    expect(() => checkTyped(true, same, '')).toThrow('Type the new version again')
  })
})
