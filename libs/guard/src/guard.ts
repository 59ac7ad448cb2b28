import { MAX_STEPS, type Budget } from '#libs/scenario'
import { Cedar, type CedarPolicies } from './cedar/cedar.js'
import { cedarRequest } from './cedar/schema.js'
import { compileRule, describe, type CompiledRule } from './compile.js'
import { applies, type GuardRequest, type GuardRule, type GuardVerdict, MAX_RULES, ruleName } from './rule.js'

const MAX_KEPT = 256
const ANY_REQUEST: GuardRequest = {
  action: 'approve',
  principal: { kind: 'operator', id: 'none', name: 'none', roles: [] },
  next: { id: 'nothing', version: '0.0.0', effective: '' },
  previous: null,
  author: null,
  authors: [],
  approvers: null,
  plan: { share: 0, scope: '', scopeName: '', observeMs: 0, bakeMs: 0, partners: null },
  stage: null,
}

type RuleFinding = Pick<GuardVerdict, 'rule' | 'sentence'>

/**
 * Judges requests by the built-in authority and by guard rules: Cedar rules on who may act, CEL rules on values. Fails closed: a rule
 * denies if it does not compile, fails, returns neither true nor false or crashes its engine. Too many rules or evaluation steps deny too.
 */
export class Guard {
  /** Compiled rules by release digest: compiling takes milliseconds, evaluating microseconds. */
  private readonly compiled = new Map<string, CompiledRule>()

  constructor(private readonly cedar = new Cedar()) {}

  /** Returns the compiled rules, sorted by name for evaluation. A rule that does not compile has a `problem` and denies. */
  compileRules(rules: readonly GuardRule[]): CompiledRule[] {
    return rules.map((rule) => this.compile(rule)).sort((a, b) => (ruleName(a.rule) < ruleName(b.rule) ? -1 : 1))
  }

  judge(rules: readonly CompiledRule[], request: GuardRequest): GuardVerdict {
    const applicable = rules.filter(({ rule }) => applies(rule, request))
    const ruleDigests = applicable.map(({ rule }) => rule.digest).sort()
    const denied = this.authorityDenial(request) ?? tooManyRules(applicable.map(({ rule }) => rule))
    if (denied !== undefined) return { verdict: 'FAIL', ...denied, ruleDigests }
    const budget = { steps: MAX_STEPS }
    let warning: RuleFinding | undefined
    for (const rule of applicable) {
      const finding = evaluateRule(rule, request, budget)
      if (finding?.denies === true) return { verdict: 'FAIL', rule: finding.rule, sentence: finding.sentence, ruleDigests }
      warning ??= finding
    }
    if (warning === undefined) return { verdict: 'PASS', sentence: passSentence(applicable.length), ruleDigests }
    return { verdict: 'WARN', rule: warning.rule, sentence: warning.sentence, ruleDigests }
  }

  /** Loads the engine, which takes tens of milliseconds, before the first request needs it. */
  warmUp(): void {
    this.judge([], ANY_REQUEST)
  }

  private compile(rule: GuardRule): CompiledRule {
    const known = rule.problem === undefined ? this.compiled.get(rule.digest) : undefined
    if (known !== undefined) return known
    const compiled = compileRule(rule, this.cedar)
    // Failed compilations are not cached: the engine may have crashed, and its next instance may compile the rule.
    if (compiled.problem !== undefined) return compiled
    if (this.compiled.size >= MAX_KEPT) this.compiled.delete(this.compiled.keys().next().value!)
    this.compiled.set(rule.digest, compiled)
    return compiled
  }

  private authorityDenial(request: GuardRequest): RuleFinding | undefined {
    try {
      const { allowed, reasons } = this.cedar.decide(AUTHORITY, cedarRequest(request))
      if (allowed) return undefined
      const rule = reasons[0] ?? NOTHING_PERMITS
      return { rule, sentence: authoritySentence(rule) }
    } catch (error) {
      return { rule: NOTHING_PERMITS, sentence: `This permission could not be evaluated, so it is denied: ${describe(error)}.` }
    }
  }
}

/** Guard of this process, shared so that its engine is loaded once. */
export const guard = new Guard()

/** Evaluates one rule; `undefined` if it holds. */
function evaluateRule(compiled: CompiledRule, request: GuardRequest, budget: Budget): (RuleFinding & { denies: boolean }) | undefined {
  const { rule } = compiled
  try {
    if (compiled.isSatisfied(request, budget)) return undefined
    return { rule: ruleName(rule), sentence: rule.message, denies: rule.severity === 'deny' }
  } catch (error) {
    return { rule: ruleName(rule), sentence: `The rule could not be evaluated, so it denies: ${describe(error)}.`, denies: true }
  }
}

/** Returns the denial by the first rule above the limit; `undefined` if there are not too many. */
export function tooManyRules(applicable: readonly GuardRule[]): RuleFinding | undefined {
  if (applicable.length <= MAX_RULES) return undefined
  return { rule: ruleName(applicable[MAX_RULES]!), sentence: `${applicable.length} rules apply; at most ${MAX_RULES} can be evaluated.` }
}

function passSentence(count: number): string {
  if (count === 0) return 'No rule applies.'
  return count === 1 ? 'The applicable rule is satisfied.' : `All ${count} applicable rules are satisfied.`
}

/**
 * Built-in permissions, in addition to guard rules. They are part of the code; no policy release changes them. They repeat the checks of
 * each service as defence in depth. A forbid overrides every permit, and the default is deny.
 */
export const AUTHORITY: CedarPolicies = {
  'hms/person-in-role-approves@1': `permit (principal is Person, action == Action::"approve", resource)
    when { resource has approvers && principal.roles.contains(resource.approvers) };`,
  // A roster may require the author's signature in addition to the approvals; the author need not have the role of an approver.
  'hms/author-signs@1':
    'permit (principal is Person, action == Action::"approve", resource) when { resource.authors.contains(principal.id) };',
  'hms/stage-advances@1': 'permit (principal is Service, action == Action::"advance", resource);',
  'hms/person-or-operator-rolls-back@1':
    'permit (principal, action == Action::"rollback", resource) when { principal is Person || principal is Operator };',
  'hms/program-that-operates-rolls-back@1':
    'permit (principal is Program, action == Action::"rollback", resource) when { principal.roles.contains("operate") };',
  'hms/program-never-approves@1': 'forbid (principal is Program, action == Action::"approve", resource);',
  'hms/operator-never-signs@1': 'forbid (principal is Operator, action == Action::"approve", resource);',
  'hms/service-never-decides@1': 'forbid (principal is Service, action in [Action::"approve", Action::"rollback"], resource);',
}

const SENTENCES: Readonly<Record<string, string>> = {
  'hms/program-never-approves@1': 'A key of a program never approves a policy.',
  'hms/operator-never-signs@1': 'An operator never signs a policy.',
  'hms/service-never-decides@1': 'A service may neither approve nor roll back.',
}

/** Id of the default denial, for requests that no policy permits. */
export const NOTHING_PERMITS = 'hms/nothing-permits@1'

export function authoritySentence(rule: string): string {
  return SENTENCES[rule] ?? 'No permission allows this principal to do this.'
}
