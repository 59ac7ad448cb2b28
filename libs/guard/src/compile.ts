import {
  compileExpression,
  costOf,
  extentOf,
  factEvaluator,
  nestingOf,
  readsOf,
  spend,
  type Budget,
  cut,
  factLanguage,
  type Reads,
} from '#libs/scenario'
import type { Cedar } from './cedar/cedar.js'
import { cedarRequest } from './cedar/schema.js'
import { MAX_RULE_LENGTH, ruleName, type GuardRequest, type GuardRule } from './rule.js'
import type { Json, JsonObject } from '#libs/contracts'

/** Compiled rule. `isSatisfied` throws if the rule cannot be evaluated to true or false. */
export interface CompiledRule {
  rule: GuardRule
  /** Compilation error; the rule then denies. */
  problem?: string
  isSatisfied(request: GuardRequest, budget: Budget): boolean
}

/** Maximum nesting of brackets and conditionals in Cedar. Its parser is recursive: 100 levels work, and 500 crash the instance. */
const MAX_NESTING = 32

export function compileRule(rule: GuardRule, cedar: Cedar): CompiledRule {
  try {
    if (rule.problem !== undefined) return refusal(rule, rule.problem)
    if (rule.text.length > MAX_RULE_LENGTH) return refusal(rule, `a rule has at most ${MAX_RULE_LENGTH} characters`)
    return rule.kind === 'cel' ? compileCel(rule) : compileCedar(rule, cedar)
  } catch (error) {
    return refusal(rule, describe(error))
  }
}

function compileCel(rule: GuardRule): CompiledRule {
  const compiled = compileExpression(rule.text, RULE_LANGUAGE)
  if (!compiled.ok) return refusal(rule, compiled.message)
  const { ast } = compiled.expression
  const reads = { next: readsOf(ast, 'next'), previous: readsOf(ast, 'previous') }
  const evaluate = factEvaluator(ast, RULE_LANGUAGE)
  const cost = costOf(ast)
  return {
    rule,
    isSatisfied(request, budget) {
      const facts = factsFor(request, reads)
      spend(budget, cost(extentOf(facts)))
      const result = evaluate(facts)
      if (typeof result === 'boolean') return result
      throw result instanceof Error ? result : new TypeError('it returns neither true nor false')
    },
  }
}

function compileCedar(rule: GuardRule, cedar: Cedar): CompiledRule {
  if (nestingOf(rule.text, (rule.text.match(/\bif\b/g) ?? []).length) > MAX_NESTING)
    return refusal(rule, `the rule is nested more than ${MAX_NESTING} deep`)
  const id = `guard/${ruleName(rule)}`
  const problem = cedar.problemOf(id, rule.text, { forbidOnly: true })
  if (problem !== undefined) return refusal(rule, problem)
  // With a permit for everything, a denial shows that the rule forbids.
  const policies = { 'hms/anything@1': 'permit (principal, action, resource);', [id]: rule.text }
  return { rule, isSatisfied: (request) => cedar.decide(policies, cedarRequest(request)).allowed }
}

function refusal(rule: GuardRule, problem: string): CompiledRule {
  return {
    rule,
    problem,
    isSatisfied() {
      throw new Error(problem)
    },
  }
}

export function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n')[0]!.slice(0, 300)
}

const RULE_LANGUAGE = factLanguage(['next', 'previous', 'plan', 'stage', 'scope'])

/** Returns only the facts that a rule reads, so that a rule on one number costs the same for a large policy. */
function factsFor({ next, previous, plan, stage }: GuardRequest, reads: { next: Reads; previous: Reads }): Record<string, Json> {
  return {
    next: cut(next as JsonObject, reads.next),
    previous: previous === null ? null : cut(previous as JsonObject, reads.previous),
    plan: { ...plan } as JsonObject,
    stage,
    scope: plan.scope,
  }
}
