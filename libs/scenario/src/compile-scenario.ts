import type { JsonObject } from '#libs/contracts'
import type { Expr } from './cel.js'
import type { Budget } from './cost.js'
import { compileExpression, evaluator, type Policies } from './expression.js'
import type { Scenario } from './parse-scenario.js'

/** Error of an expression without a verdict for this reading under these policies: a missing field, mixed types, not a boolean. */
export class ScenarioError extends Error {
  readonly code = 'HMS_SCENARIO_EVALUATION'

  constructor(
    readonly scenario: string,
    detail: string,
  ) {
    super(`scenario ${scenario}: ${detail}`)
    this.name = 'ScenarioError'
  }
}

/** Whether a correct bot alerts on `reading`. Throws `ScenarioError` without a verdict, or if it could take more steps than `budget`. */
export type Verdict = (reading: JsonObject, policies: Policies, budget?: Budget) => boolean

export type CompiledScenario = { ok: true; verdict: Verdict } | { ok: false; code: 'HMS_SCENARIO_EXPRESSION'; message: string }

export function compileScenario(scenario: Pick<Scenario, 'id' | 'alert'>): CompiledScenario {
  const compiled = compileExpression(scenario.alert)
  if (!compiled.ok) return compiled
  return { ok: true, verdict: verdictOf(scenario.id, compiled.expression.ast) }
}

export function verdictOf(scenario: string, ast: Expr): Verdict {
  const evaluate = evaluator(ast)
  return (reading, policies, budget) => {
    const result = evaluate(reading, policies, budget)
    if (typeof result === 'boolean') return result
    throw new ScenarioError(scenario, result instanceof Error ? result.message : 'the expression gives no true or false')
  }
}
