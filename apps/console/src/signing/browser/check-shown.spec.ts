import { digestInGroups, statementFields } from '#libs/contracts'
import { consentOf, consentTexts, type SignedRelease, type VerifiedLive } from '#libs/policy'
import { digestOf, writeRunDecision } from '#libs/signing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkConsent, checkShown, type Shown } from './check-shown.js'

const policy = {
  id: 'epa-pm25-limit',
  version: '2.0.0',
  effective: '2024-09-01T00:00:00Z',
  limit: 25,
  areas: { 'a b': [1, { deep: 'x' }] },
  tags: [] as string[],
}
const predicateType = 'https://hms-svc.dev/attestation/release/v1'
const plan = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 1_000, bakeMs: 0, partners: null }
const liveText = JSON.stringify({ predicate: { policy: { ...policy, version: '1.0.0', limit: 35 } } })
const release: SignedRelease = {
  policy,
  previous: { version: '1.0.0', digest: digestOf(liveText) },
  fallbacks: [],
  author: 'Air Office',
  plan,
}
const statement = JSON.stringify({ predicateType, predicate: { releaseEpoch: 2, ...release } })

function shownOf(text: string): Shown {
  const bytes = Buffer.from(text)
  return { digest: digestInGroups(digestOf(bytes)), bytes: bytes.toString('base64'), lines: statementFields(text) }
}

describe('what the page shows', () => {
  const whole = shownOf(statement)

  it('is the content of the bytes, digest and fields', async () => {
    await expect(checkShown(whole, 'approval')).resolves.toBeUndefined()
    const { payload } = writeRunDecision({
      run: 1,
      attempt: 1,
      subject: digestOf('x'),
      decision: 'abort',
      reason: 'b\u202ead',
      at: new Date(),
    })
    await expect(checkShown(shownOf(payload.toString()), 'statement')).resolves.toBeUndefined()
  })

  it.each(['roster', 'request', 'decision', 'freeze', 'event'])('is no %s that names the policy too', async (kind) => {
    const text = statement.replace('/release/', `/${kind}/`)
    await expect(checkShown(shownOf(text), 'approval')).rejects.toThrow(`the bytes are a ${kind}`)
  })

  it.each(['roster', 'request', 'release', 'head'])('is no %s where a decision is signed', async (kind) => {
    const text = statement.replace('/release/', `/${kind}/`)
    await expect(checkShown(shownOf(text), 'statement')).rejects.toThrow(`the bytes are a ${kind}`)
  })

  it('may be anything but break-glass, which no page signs', async () => {
    const text = JSON.stringify({
      predicateType,
      predicate: { policy, releaseEpoch: 2, author: null, breakGlass: { reason: 'wrong sensor' } },
    })
    await expect(checkShown(shownOf(text), 'approval')).rejects.toThrow('this is break-glass')
  })

  it.each<[string, Partial<Shown>, string]>([
    ['another digest', { digest: digestInGroups(digestOf('other')) }, 'the digest shown is not that of the bytes'],
    [
      'other bytes under the same digest',
      { bytes: Buffer.from(statement.replace('25', '35')).toString('base64') },
      'the digest shown is not',
    ],
    [
      'a field that was changed',
      { lines: whole.lines.map((line) => (line.field === 'policy.limit' ? { ...line, value: '35' } : line)) },
      'policy.limit 25',
    ],
    ['a field that was left out', { lines: whole.lines.slice(0, -1) }, 'the fields shown are not those of the bytes'],
    [
      'a field that was added',
      { lines: [...whole.lines, { field: 'policy.more', value: '1' }] },
      'the fields shown are not those of the bytes',
    ],
  ])('may not be %s', async (_what, other, reason) => {
    await expect(checkShown({ ...whole, ...other }, 'approval')).rejects.toThrow(reason)
  })

  it('differs whenever two policies differ', () => {
    const value = fc.jsonValue({ maxDepth: 3 })
    fc.assert(
      fc.property(value, value, (one, two) => {
        const [left, right] = [one, two].map((each) => JSON.stringify(statementFields(JSON.stringify({ predicate: { policy: each } }))))
        expect(left === right).toBe(JSON.stringify(JSON.parse(JSON.stringify(one))) === JSON.stringify(JSON.parse(JSON.stringify(two))))
      }),
    )
  })
})

describe('the consent that the page shows', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const shown: Shown = { ...shownOf(statement), live: base64(liveText) }
  const live: VerifiedLive = {
    kind: 'verified',
    release: { policy: { ...policy, version: '1.0.0', limit: 35 }, digest: digestOf(liveText) },
  }
  const texts = consentTexts(consentOf([release], new Map([[policy.id, live]])))

  it('is what the same function makes of the bytes and of what is in force', async () => {
    expect(texts).toEqual([
      'epa-pm25-limit 1.0.0 → 2.0.0',
      'limit',
      '35',
      '25',
      expect.stringMatching(/^Plan: canary 5 % of NCR/),
      'Air Office',
    ])
    expect((await checkConsent([shown], texts)).releases).toHaveLength(1)
  })

  it('may not be that of a bundle with two plans, of which it shows the first', async () => {
    const second = { ...release, policy: { ...policy, id: 'epa-pm10-limit' }, previous: null, plan: { ...plan, share: 10_000 } }
    const pages = [release, second].map((each) => ({ ...shownOf(JSON.stringify({ predicateType, predicate: each })), live: '' }))
    const nothing = { kind: 'verified', release: null } as const
    const said = consentTexts(consentOf([release, second], new Map([policy.id, second.policy.id].map((id) => [id, nothing]))))
    await expect(checkConsent(pages, said)).rejects.toThrow('different plans')
    const same = [pages[0]!, { ...shownOf(JSON.stringify({ predicateType, predicate: { ...second, plan } })), live: '' }]
    expect((await checkConsent(same, said)).releases).toHaveLength(2)
  })

  it('may be that nothing is in force, or that it is not verified', async () => {
    for (const [place, other] of [
      [{ live: '' }, { kind: 'verified', release: null }],
      [
        { live: undefined, why: 'it is silent' },
        { kind: 'unverified', why: 'it is silent' },
      ],
    ] as const) {
      const said = consentTexts(consentOf([release], new Map([[policy.id, other]])))
      expect((await checkConsent([{ ...shown, ...place }], said)).releases).toHaveLength(1)
    }
  })

  it.each<[string, string[], Partial<Shown>]>([
    ['another value', texts.map((text) => (text === '25' ? '35' : text)), {}],
    ['another value before', texts.map((text) => (text === '35' ? '24' : text)), {}],
    ['no difference', [texts[0]!, 'no change of values', ...texts.slice(4)], {}],
    ['another plan', texts.map((text) => text.replace('5 %', '1 %')), {}],
    ['another author', texts.map((text) => text.replace('Air Office', 'EPA Chief')), {}],
    ['less', texts.slice(0, -1), {}],
    ['more', [...texts, 'EPA Chief'], {}],
    ['another release in force', texts, { live: base64(liveText.replace('35', '36')) }],
    [
      'that release, where another one is followed',
      texts.map((text) => (text === '35' ? '36' : text)),
      { live: base64(liveText.replace('35', '36')) },
    ],
    ['one in force, where nothing is', texts, { live: '' }],
    ['one that is not verified', texts, { live: undefined, why: 'it is silent' }],
  ])('may not be %s', async (_what, said, place) => {
    await expect(checkConsent([{ ...shown, ...place }], said)).rejects.toThrow('Nothing was signed')
  })
})
