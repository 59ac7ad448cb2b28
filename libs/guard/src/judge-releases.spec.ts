import { beforeAll, describe, expect, it } from 'vitest'
import type { ReleaseDocument } from '#libs/contracts'
import {
  buildRelease,
  DEMO_PEOPLE,
  demoRoster,
  generateKeyPair,
  localSigner,
  readRoster,
  signEnvelope,
  signRoster,
  type ReleasePredicate,
  type Roster,
  type Signer,
} from '#libs/signing'
import { guard } from './guard.js'
import { publishedVerdict, judgeReleases, principalOf, refusalOf, rulesForRun, type JudgeRequest } from './judge-releases.js'

const PLAN = { share: 500, scope: 'region:NCR', scopeName: 'National Capital Region', observeMs: 0, bakeMs: 0, partners: null }
const STEP = { kind: 'cel', rule: 'previous == null || next.limit <= previous.limit * 1.5', message: 'Too big a step.', severity: 'deny' }

describe('guard rules', () => {
  let roster: Roster
  let chief: Signer
  beforeAll(async () => {
    const names = [...DEMO_PEOPLE, 'linter', 'operator']
    const pairs = new Map(names.map((name) => [name, generateKeyPair()]))
    const member = (name: string) => ({ name, spki: pairs.get(name)!.spki })
    chief = localSigner(pairs.get('EPA Chief')!.privateKey)
    const parts = { people: DEMO_PEOPLE.map(member), services: [member('linter')], operator: member('operator') }
    const signers = DEMO_PEOPLE.map((name) => localSigner(pairs.get(name)!.privateKey))
    roster = readRoster(await signRoster(demoRoster({ ...parts, expires: '2036-01-01T00:00:00Z' }), signers))
  })

  it('judge the signed policy in the envelope and ignore unsigned members', async () => {
    const rules = [await rule(STEP)]
    const live = { pm25: await limit(20) }
    expect(judge({ releases: [await limit(30)], live, rules })).toMatchObject({ verdict: 'PASS', ruleDigests: [rules[0]!.releaseDigest] })
    const forged = { ...(await limit(40)), version: '1.0.0', policyDigest: live.pm25.policyDigest }
    expect(judge({ releases: [forged], live, rules })).toMatchObject({
      verdict: 'FAIL',
      rule: 'limit-step@1.0.0',
      sentence: 'Too big a step.',
    })
  })

  it('are evaluated for each step of a ramp', async () => {
    const narrow = await rule({ kind: 'cel', rule: 'plan.share <= 500', message: 'Too many bots.', severity: 'deny' })
    const { share, scope, scopeName } = PLAN
    const policy = { id: 'pm25', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 20 }
    const inSteps = (second: number): Promise<ReleaseDocument> =>
      release(policy, [chief], {
        ...PLAN,
        ramp: [
          { share, scope, scopeName },
          { share: second, scope: 'region:*', scopeName },
        ],
      })
    expect(judge({ releases: [await inSteps(500)], rules: [narrow] }).verdict).toBe('PASS')
    expect(judge({ releases: [await inSteps(600)], rules: [narrow] })).toMatchObject({ verdict: 'FAIL', sentence: 'Too many bots.' })
  })

  it('deny if their release lacks approvals, is not a rule, or cannot be read', async () => {
    const denied = 'The rule could not be evaluated, so it denies: '
    const sentenceOf = (untrue: ReleaseDocument) => judge({ rules: [untrue] }).sentence
    expect(sentenceOf(await rule(STEP, {}, []))).toBe(`${denied}its release lacks approval by official.`)
    expect(sentenceOf(await rule(STEP, { tags: ['guard', 'critical'] }))).toBe(`${denied}its release lacks approval by critical.`)
    expect(sentenceOf(await rule(STEP, { tags: [] }))).toBe(`${denied}its policy is not a guard rule.`)
    expect(sentenceOf(await rule({ ...STEP, severity: 'maybe' }))).toBe(`${denied}"severity" is deny or warn.`)
    const altered = await rule(STEP)
    expect(sentenceOf({ ...altered, envelope: { ...altered.envelope, payload: Buffer.from('{}').toString('base64') } })).toContain(denied)
  })

  it('decode each judged release once for any number of rules', async () => {
    const readsOf = async (rules: ReleaseDocument[]): Promise<number> => {
      const release = await limit(20)
      let reads = 0
      const { payload, ...rest } = release.envelope
      const envelope = {
        ...rest,
        get payload() {
          reads++
          return payload
        },
      }
      judge({ releases: [{ ...release, envelope }], rules })
      return reads
    }
    const rules = await Promise.all(Array.from({ length: 16 }, (_, index) => rule({ ...STEP, rule: 'true' }, { id: `rule-${index}` })))
    expect(await readsOf(rules)).toBe(await readsOf(rules.slice(0, 1)))
  })

  it('deny a bundle if one of its policies fails, or if more than 16 rules apply', async () => {
    const rules = [await rule({ ...STEP, policies: ['ozone'] })]
    const releases = [await limit(20), await limit(40, 'ozone')]
    expect(judge({ releases, live: { ozone: await limit(20, 'ozone') }, rules })).toMatchObject({
      verdict: 'FAIL',
      rule: 'limit-step@1.0.0',
    })
    const many = await Promise.all(Array.from({ length: 17 }, (_, index) => rule({ ...STEP, rule: 'true' }, { id: `rule-${index}` })))
    expect(judge({ rules: many.slice(0, 16) })).toMatchObject({ verdict: 'PASS' })
    expect(judge({ rules: many })).toMatchObject({
      verdict: 'FAIL',
      sentence: '17 rules apply; at most 16 can be evaluated.',
    })
    expect(rulesForRun(roster, { releases: [await limit(20)], live: {}, rules: [...many, ...many] })).toHaveLength(17)
  })

  it('deny if no release can be read', async () => {
    const release = await limit(20)
    const unreadable = { ...release, envelope: { ...release.envelope, payload: 'e30=' } }
    expect(judge({ releases: [unreadable] })).toMatchObject({ verdict: 'FAIL', rule: 'hms/guard@1' })
    expect(judge({ releases: [] })).toMatchObject({ verdict: 'FAIL', rule: 'hms/guard@1' })
  })

  it('are included in the dossier only if a stage evaluates them', async () => {
    const ofAnotherTag = rule({ ...STEP, tags: ['water'] }, { id: 'other-tag' })
    const rules = await Promise.all([rule(STEP), ofAnotherTag, rule({ ...STEP, when: ['approve'] }, { id: 'approve-only' })])
    expect(rulesForRun(roster, { releases: [await limit(20)], live: {}, rules }).map(({ id }) => id)).toEqual(['limit-step'])
  })

  it('are reported by name and digest, and a denial names the rule', async () => {
    const asked = question({ releases: [await limit(40)], live: { pm25: await limit(20) }, rules: [await rule(STEP)] })
    const verdict = judgeReleases(guard, roster, asked)
    expect(publishedVerdict(verdict, asked, 7)).toEqual({
      action: 'approve',
      run: 7,
      stage: null,
      principal: 'epa-chief',
      verdict: 'FAIL',
      rule: 'limit-step@1.0.0',
      sentence: 'Too big a step.',
      rules: [asked.rules[0]!.releaseDigest],
      releases: [asked.releases[0]!.releaseDigest],
    })
    expect(refusalOf(verdict, asked)).toMatchObject({
      code: 'HMS_GUARD_DENIED',
      status: 422,
      detail: 'Guard limit-step@1.0.0: Too big a step.',
    })
  })

  function judge(asked: Partial<JudgeRequest>) {
    return judgeReleases(guard, roster, question(asked))
  }

  function question(asked: Partial<JudgeRequest>): JudgeRequest {
    const principal = principalOf(roster, { id: 'epa-chief', name: 'EPA Chief', kind: 'person' })
    return { action: 'approve', principal, releases: [first], live: {}, rules: [], ...asked }
  }

  let first: ReleaseDocument
  beforeAll(async () => {
    first = await limit(20)
  })

  function limit(value: number, id = 'pm25'): Promise<ReleaseDocument> {
    return release({ id, version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: value })
  }

  function rule(members: object, more: object = {}, signers = [chief]): Promise<ReleaseDocument> {
    return release(
      { id: 'limit-step', version: '1.0.0', effective: '2024-09-01T00:00:00Z', tags: ['guard'], guard: { ...members }, ...more },
      signers,
    )
  }

  async function release(
    policy: ReleasePredicate['policy'],
    signers = [chief],
    plan: ReleasePredicate['plan'] = PLAN,
  ): Promise<ReleaseDocument> {
    const times = { preparedAt: '2026-01-01T00:00:00.000Z', expires: '2026-01-08T00:00:00.000Z' }
    const rest = { releaseEpoch: 1, previous: null, fallbacks: [], scopes: ['global'], author: null, plan, ...times }
    const { payload, digest, policyDigest } = buildRelease({ policy, ...rest })
    return {
      id: policy.id,
      version: policy.version,
      policyDigest,
      releaseDigest: digest,
      releaseEpoch: 1,
      envelope: await signEnvelope(payload, signers),
    }
  }
})
