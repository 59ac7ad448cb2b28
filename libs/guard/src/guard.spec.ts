import { beforeEach, describe, expect, it } from 'vitest'
import type { PolicyDocument } from '#libs/policy'
import { Cedar } from './cedar/cedar.js'
import { loadCedar, type CedarModule } from './cedar/engine.js'
import { AUTHORITY, Guard } from './guard.js'
import type { GuardRequest, GuardRule, GuardVerdict } from './rule.js'

const STEP = 'previous == null || double(next.limit) <= double(previous.limit) * 1.5'
const FOUR_EYES =
  'forbid (principal, action == Action::"approve", resource) when { resource has author && resource.author == principal.name };'
const PLAN = { share: 500, scope: 'region:NCR', scopeName: 'National Capital Region', observeMs: 300_000, bakeMs: 300_000, partners: null }

const guard = new Guard()

describe('a guard rule', () => {
  it.each<[string, Partial<GuardRule>, Partial<GuardRequest>, Partial<GuardVerdict>]>([
    ['on a number that holds', { text: STEP }, { next: policy(37.5) }, { verdict: 'PASS', sentence: 'The applicable rule is satisfied.' }],
    [
      'on a number that does not',
      { text: STEP },
      { next: policy(50) },
      { verdict: 'FAIL', rule: 'limit-step@1.0.0', sentence: 'Too big a step.' },
    ],
    ['that warns', { text: STEP, severity: 'warn' }, { next: policy(50) }, { verdict: 'WARN', sentence: 'Too big a step.' }],
    ['before a first version, which it names', { text: STEP }, { previous: null }, { verdict: 'PASS' }],
    [
      'before a first version, which it forgot',
      { text: 'next.limit <= previous.limit' },
      { previous: null },
      errs('field not found: limit'),
    ],
    ['of another action', { text: 'false', when: ['rollback'] }, {}, { verdict: 'PASS', sentence: 'No rule applies.' }],
    ['of another policy', { text: 'false', policies: ['ozone'] }, {}, { verdict: 'PASS', ruleDigests: [] }],
    ['of another tag', { text: 'false', tags: ['water'] }, {}, { verdict: 'PASS', ruleDigests: [] }],
    ['of a tag that the new version drops', { text: 'false', tags: ['air'] }, { next: { ...policy(25), tags: [] } }, { verdict: 'FAIL' }],
    ['about plan, stage and scope', { text: 'plan.share <= 500 && stage == null && scope == "region:NCR"' }, {}, { verdict: 'PASS' }],
    ['in Cedar that does not match', { kind: 'cedar', text: FOUR_EYES }, { author: 'Air Office' }, { verdict: 'PASS' }],
    [
      'in Cedar that matches',
      { kind: 'cedar', text: FOUR_EYES },
      { author: 'EPA Chief' },
      { verdict: 'FAIL', sentence: 'Too big a step.' },
    ],
    ['in Cedar that warns', { kind: 'cedar', text: FOUR_EYES, severity: 'warn' }, { author: 'EPA Chief' }, { verdict: 'WARN' }],
  ])('%s', (_name, rule, request, expected) => {
    expect(judged([rule], request)).toMatchObject(expected)
  })

  it.each<[string, Partial<GuardRule>, Partial<GuardRequest>, string]>([
    ['an unknown member', { text: 'next.limitt < 3.0' }, {}, 'field not found: limitt'],
    ['a result that is not a boolean', { text: 'next.limit' }, {}, 'neither true nor false'],
    ['mixed types', { text: 'next.units < 3' }, {}, 'no matching overload'],
    ['an unknown name', { text: 'nxt.limit < 3' }, {}, 'unknown name "nxt"; there are next, previous, plan, stage and scope'],
    ['a text that is no CEL', { text: 'next.limit <' }, {}, ''],
    ['an unknown attribute', { kind: 'cedar', text: forbidWhen('principal.rolee == "x"') }, {}, 'did you mean `roles`'],
    ['an attribute that may be missing', { kind: 'cedar', text: forbidWhen('resource.author == "x"') }, {}, 'author'],
    ['a permit', { kind: 'cedar', text: 'permit (principal, action, resource);' }, {}, 'may only forbid'],
    ['two policies', { kind: 'cedar', text: `${FOUR_EYES} ${FOUR_EYES}` }, {}, 'unexpected token'],
    ['brackets that would crash the engine', { kind: 'cedar', text: deep(500) }, {}, 'nested more than 32 deep'],
    [
      'a forbid that errs, which Cedar alone would skip',
      { kind: 'cedar', text: forbidWhen('9223372036854775807 + context.share > 3') },
      {},
      'integer overflow',
    ],
    ['loops over a long list', { text: 'next.list.all(x, next.list.all(y, x + y < 9.0))' }, { next: withList(1_000) }, 'step limit'],
    ['a long text', { text: 'next.units.size() < 9' }, { next: { ...policy(25), units: 'x'.repeat(20_000) } }, '16384'],
    [
      'a text too long to match',
      { text: 'next.units.matches("x")' },
      { next: { ...policy(25), units: 'x'.repeat(1_025) } },
      '1024 characters',
    ],
    ['a problem of its release', { text: 'true', problem: 'its release lacks approval by official' }, {}, 'lacks approval by official'],
  ])('with %s denies under its own name, even if it should only warn', (_name, rule, request, why) => {
    const verdict = judged([{ ...rule, severity: 'warn' }], request)
    expect(verdict).toMatchObject({ verdict: 'FAIL', rule: 'limit-step@1.0.0' })
    expect(verdict.sentence).toContain('could not be evaluated, so it denies')
    expect(verdict.sentence).toContain(why)
  })

  it('never applies to its own policy, and applies to other rules only if it names them, but not to their rollback', () => {
    const other = { ...policy(25), id: 'other-rule', tags: ['guard'] }
    const own = { ...policy(25), id: 'limit-step', tags: ['guard'] }
    const verdictOn = (next: PolicyDocument, rule: Partial<GuardRule>, action: GuardRequest['action'] = 'approve') =>
      judged([{ text: 'false', when: ['approve', 'rollback'], ...rule }], { next, previous: null, action }).verdict
    expect(verdictOn(own, { tags: ['guard'] })).toBe('PASS')
    expect(verdictOn(other, {})).toBe('PASS')
    expect(verdictOn(other, { tags: ['guard'] })).toBe('FAIL')
    expect(verdictOn(other, { tags: ['guard'] }, 'rollback')).toBe('PASS')
  })

  it('evaluates a pattern in linear time that would hang a backtracking engine', () => {
    // A backtracking engine would try 2^60 paths.
    const units = `${'a'.repeat(60)}!`
    const rule = { text: 'next.units.matches("^(a+)+$")' }
    expect(judged([rule], { next: { ...policy(25), units } })).toMatchObject({ verdict: 'FAIL', sentence: 'Too big a step.' })
  })
})

describe('several guard rules', () => {
  it('deny before they warn, and are evaluated by name', () => {
    const rules = [
      { id: 'a-warning', severity: 'warn' as const, message: 'first warning' },
      { id: 'b-denial', message: 'first denial' },
      { id: 'c-denial', message: 'second denial' },
    ].map((rule) => ({ ...rule, text: 'false', digest: `sha256:${rule.id}` }))
    expect(judged(rules.toReversed())).toMatchObject({ verdict: 'FAIL', rule: 'b-denial@1.0.0', sentence: 'first denial' })
    expect(judged(rules.slice(0, 1)).ruleDigests).toEqual(['sha256:a-warning'])
  })

  it('share the step budget of a request', () => {
    const next = withList(900)
    const rules = Array.from({ length: 12 }, (_, index) => ({
      id: `rule-${index}`,
      digest: `sha256:${index}`,
      text: 'next.list.all(x, x < 2.0)',
    }))
    expect(judged(rules.slice(0, 1), { next }).sentence).toBe('The applicable rule is satisfied.')
    expect(judged(rules, { next }).sentence).toContain('step limit')
  })

  it('deny if more than 16 apply', () => {
    const rules = Array.from({ length: 17 }, (_, index) => ({ id: `rule-${index}`, digest: `sha256:n${index}`, text: 'true' }))
    expect(judged(rules.slice(0, 16))).toMatchObject({ verdict: 'PASS' })
    expect(judged(rules)).toMatchObject({ verdict: 'FAIL', sentence: '17 rules apply; at most 16 can be evaluated.' })
  })
})

describe('a crash of the Cedar engine', () => {
  /** Policies that contain this text crash the engine. */
  let crashesOn: string
  let loads: number
  let fragile: Guard
  beforeEach(() => {
    crashesOn = 'nothing of this'
    loads = 0
    fragile = new Guard(new Cedar(load))
  })

  function load(): CedarModule {
    loads++
    const module = loadCedar()
    const places = new Map<string, string>()
    return {
      ...module,
      preparsePolicySet: (place, policies) => {
        places.set(place, JSON.stringify(policies))
        return module.preparsePolicySet(place, policies)
      },
      statefulIsAuthorized: (call) => {
        if (places.get(call.preparsedPolicySetId)!.includes(crashesOn)) throw new RangeError('unreachable')
        return module.statefulIsAuthorized(call)
      },
    }
  }

  it.each([
    ['guard/', 'limit-step@1.0.0', 'The rule could not be evaluated, so it denies: unreachable.'],
    ['hms/operator', 'hms/nothing-permits@1', 'This permission could not be evaluated, so it is denied: unreachable.'],
  ])('while it evaluates %s denies in the name of %s, and the next request gets a new instance', (part, rule, sentence) => {
    const rules = fragile.compileRules([ruleOf({ kind: 'cedar', text: FOUR_EYES })])
    expect(fragile.judge(rules, requestOf({}))).toMatchObject({ verdict: 'PASS' })
    crashesOn = part
    expect(fragile.judge(rules, requestOf({}))).toMatchObject({ verdict: 'FAIL', rule, sentence })
    crashesOn = 'nothing of this'
    expect(fragile.judge(rules, requestOf({}))).toMatchObject({ verdict: 'PASS' })
    expect(loads).toBe(2)
  })

  it('of a real instance is followed by a new instance', () => {
    const cedar = new Cedar()
    expect(() => cedar.problemOf('x', deep(2_000), { forbidOnly: false })).toThrow()
    expect(cedar.problemOf('x', FOUR_EYES, { forbidOnly: true })).toBeUndefined()
  })
})

describe('the built-in authority', () => {
  it('is valid Cedar', () => {
    const cedar = new Cedar()
    for (const [id, text] of Object.entries(AUTHORITY)) expect(cedar.problemOf(id, text, { forbidOnly: false }), id).toBeUndefined()
  })

  it('permits the author to sign, with any roles', () => {
    const principal = { kind: 'person' as const, id: 'air-office', name: 'Air Office', roles: [] }
    expect(guard.judge([], requestOf({ principal }))).toMatchObject({ verdict: 'FAIL', rule: 'hms/nothing-permits@1' })
    expect(guard.judge([], requestOf({ principal, authors: ['air-office'] }))).toMatchObject({ verdict: 'PASS' })
  })

  it.each<[GuardRequest['principal']['kind'], string[], GuardRequest['action'], string | undefined]>([
    ['person', ['official'], 'approve', undefined],
    ['person', ['other'], 'approve', 'hms/nothing-permits@1'],
    ['person', [], 'rollback', undefined],
    ['operator', ['official'], 'approve', 'hms/operator-never-signs@1'],
    ['operator', [], 'rollback', undefined],
    ['program', ['official'], 'approve', 'hms/program-never-approves@1'],
    ['program', ['operate'], 'rollback', undefined],
    ['program', [], 'rollback', 'hms/nothing-permits@1'],
    ['service', ['official'], 'approve', 'hms/service-never-decides@1'],
    ['service', ['operate'], 'rollback', 'hms/service-never-decides@1'],
    ['service', [], 'advance', undefined],
    ['person', ['official'], 'advance', 'hms/nothing-permits@1'],
  ])('%s with roles %j to %s: %s', (kind, roles, action, rule) => {
    const verdict = guard.judge([], requestOf({ action, principal: { kind, id: 'x', name: 'X', roles } }))
    expect(verdict).toMatchObject(rule === undefined ? { verdict: 'PASS' } : { verdict: 'FAIL', rule })
  })
})

function policy(limit: number): PolicyDocument {
  return { id: 'pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit, units: 'ug_per_m3', tags: ['air'] }
}

function ruleOf(rule: Partial<GuardRule>): GuardRule {
  const named = { id: 'limit-step', version: '1.0.0', digest: `sha256:${JSON.stringify(rule)}` }
  return { ...named, kind: 'cel', text: 'true', message: 'Too big a step.', severity: 'deny', when: ['approve'], ...rule }
}

function requestOf(request: Partial<GuardRequest>): GuardRequest {
  const principal = { kind: 'person' as const, id: 'epa-chief', name: 'EPA Chief', roles: ['official'] }
  const about = { next: policy(25), previous: policy(25), author: null, authors: [], approvers: 'official', plan: PLAN, stage: null }
  return { action: 'approve', principal, ...about, ...request }
}

function judged(rules: Partial<GuardRule>[], request: Partial<GuardRequest> = {}): GuardVerdict {
  return guard.judge(guard.compileRules(rules.map(ruleOf)), requestOf(request))
}

function errs(why: string): Partial<GuardVerdict> {
  return { verdict: 'FAIL', rule: 'limit-step@1.0.0', sentence: `The rule could not be evaluated, so it denies: ${why}.` }
}

function withList(length: number): PolicyDocument {
  return { ...policy(25), list: Array.from({ length }, () => 1) }
}

function deep(depth: number): string {
  return forbidWhen(`${'('.repeat(depth)}true${')'.repeat(depth)}`)
}

function forbidWhen(condition: string): string {
  return `forbid (principal, action, resource) when { ${condition} };`
}
