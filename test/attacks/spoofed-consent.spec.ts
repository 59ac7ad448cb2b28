import { describe, expect, it } from 'vitest'
import type { RolloutPlan } from '#libs/contracts'
import { consentOf, consentTexts, describeChange, diffPolicies, type PolicyDocument, type SignedRelease } from '#libs/policy'

/** Texts of authors, callers and services that imitate other texts of what a person reads before signing. */

const LIVE: PolicyDocument = { id: 'pm25', version: '1.5.0', effective: '2024-09-01T00:00:00Z', limit: 35, units: 'ug_per_m3' }
const POLICY: PolicyDocument = { ...LIVE, version: '2.0.0', limit: 25 }
const PLAN: RolloutPlan = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 0, bakeMs: 0, partners: null }
const IN_FORCE = { version: '1.5.0', digest: `sha256:${'1'.repeat(64)}` }
const RELEASE: SignedRelease = { policy: POLICY, previous: IN_FORCE, fallbacks: [IN_FORCE], author: null, plan: PLAN }

function textsOf(changes: Partial<SignedRelease>): string[] {
  const release = { kind: 'verified', release: { policy: LIVE, digest: IN_FORCE.digest } } as const
  return consentTexts(consentOf([{ ...RELEASE, ...changes }], new Map([['pm25', release]])))
}

const planOf = (plan: Partial<RolloutPlan>): string => textsOf({ plan: { ...PLAN, ...plan } }).at(-1)!

describe('what a person reads before signing', () => {
  it.each(['000 ug_per_m3', '·1000', '.5', '/ 10', '-5', '^2'])('shows no unit that reads on a number: %s', (units) => {
    const [limit] = diffPolicies(undefined, { ...POLICY, units }).filter(({ field }) => field === 'limit')
    expect(describeChange(limit!)).toBe(`limit added 25 ${JSON.stringify(units)}`)
    expect(textsOf({ policy: { ...POLICY, units } })).toContain(`25 ${JSON.stringify(units)}`)
  })

  it('distinguishes a partner of that name from all partners, and from none', () => {
    expect(planOf({})).toMatch(/, all partners$/)
    expect(planOf({ partners: ['all partners'] })).toMatch(/, "all partners"$/)
    expect(planOf({ partners: ['no partners', 'va-deq'] })).toMatch(/, "no partners", va-deq$/)
  })

  it('shows the name of a scope as one', () => {
    const scopeName = 'NCR (region:NCR), observed for 5 min. Once it was 5 % of all'
    expect(planOf({ share: 10_000, scope: 'region:*', scopeName })).toContain(`100 % of ${JSON.stringify(scopeName)} (region:*)`)
  })

  it('names a fallback that only calls itself the version in force', () => {
    expect(textsOf({}).join()).not.toContain('May be taken back')
    const older = { version: '1.5.0', digest: `sha256:${'0'.repeat(64)}` }
    for (const fallbacks of [[older], [older, IN_FORCE]])
      expect(textsOf({ fallbacks }).join()).toContain('May be taken back to 1.5.0 (sha256:000000000000…)')
    const label = { version: '1.5.0 and to nothing else', digest: older.digest }
    expect(textsOf({ fallbacks: [label] }).join()).toContain('"1.5.0 and to nothing else" (sha256:000000000000…)')
  })

  it('quotes a key of other letters, which may look like a known one', () => {
    const [look] = diffPolicies(LIVE, { ...LIVE, 'l\u0456mit': 25 })
    expect(look!.field).toBe('"l\u0456mit"')
  })

  it('shows where long values differ', () => {
    const stations = Array.from({ length: 200 }, (_, n) => `station-${n}`)
    const [change] = diffPolicies({ ...LIVE, stations }, { ...LIVE, stations: [...stations, 'everywhere'] })
    expect(describeChange(change!)).toMatch(
      /^stations ….*"station-199"\] \(\d+ characters.* → ….*"station-199","everywhere"\] \(\d+ characters/,
    )
  })
})
