import { isCelError, parse, plan } from '@bufbuild/cel'
import type { Json, JsonObject } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import { type Expr, type Language, SCENARIO_LANGUAGE, toCel, toCelMap } from './cel.js'
import { type Budget, costOf, type Extent, extentOf, MAX_STEPS, spend } from './cost.js'
import { memberPath, partsOf, walk } from './expression-tree.js'
import { cut, cutPolicies, policyReadsOf, readsOf } from './reads.js'

export type Policies = Record<string, PolicyDocument>

export type Expression = { ast: Expr; policies: string[] }

export type CompiledExpression = { ok: true; expression: Expression } | { ok: false; code: 'HMS_SCENARIO_EXPRESSION'; message: string }

const MAX_LENGTH = 2048
/** Maximum nesting of brackets, conditionals and signs, on which the parser recurses. */
const MAX_NESTING = 32
/** Maximum nesting of loops: `list.exists(x, other.all(y, …))` suffices; a third level over a long list has no useful bound. */
const MAX_LOOPS = 2
const TYPE_NAMES = ['bool', 'bytes', 'double', 'int', 'list', 'map', 'null_type', 'string', 'type', 'uint']

/** Parses a CEL expression, and reports unknown names and functions before it is used. */
export function compileExpression(text: string, language: Language = SCENARIO_LANGUAGE): CompiledExpression {
  const refused = (message: string): CompiledExpression => ({ ok: false, code: 'HMS_SCENARIO_EXPRESSION', message })
  if (text.length > MAX_LENGTH) return refused(`an expression has at most ${MAX_LENGTH} characters`)
  if (nestingOf(text, text.split('?').length - 1) > MAX_NESTING) return refused(`the expression is nested more than ${MAX_NESTING} deep`)
  try {
    const ast = parse(text).expr
    const problem = problemIn(ast, language, [...language.names, ...TYPE_NAMES], 0)
    if (problem !== undefined) return refused(problem)
    const named = [...walk(ast)].flatMap((expr) => memberPath(expr, 'policy')?.slice(0, 1) ?? [])
    return { ok: true, expression: { ast, policies: [...new Set(named)] } }
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error))
  }
}

/** Creates an evaluator, which returns the value or, for any failure, an `Error`. It charges nothing if `budget` has too few steps. */
export function evaluator(ast: Expr): (reading: JsonObject, policies: Policies, budget?: Budget) => unknown {
  const run = plan(SCENARIO_LANGUAGE.env, ast)
  const cost = costOf(ast)
  const reads = { reading: readsOf(ast, 'reading'), policies: policyReadsOf(ast) }
  const prepared = new WeakMap<Policies, ReturnType<typeof prepare>>()
  return (reading, policies, budget = { steps: MAX_STEPS }) => {
    // A replay uses the same policies for every reading.
    const policy = prepared.get(policies) ?? prepare(policies, reads.policies)
    prepared.set(policies, policy)
    const read = cut(reading, reads.reading)
    return valueOf(() => {
      const { values, characters } = extentOf(read)
      spend(budget, cost({ values: values + policy.extent.values, characters: characters + policy.extent.characters }))
      return run({ reading: toCelMap(read), policy: policy.facts })
    })
  }
}

/** Converts only the parts of the policies that are read, so a large policy adds no cost to an expression on one number. */
function prepare(policies: Policies, reads: ReturnType<typeof policyReadsOf>): { facts: ReturnType<typeof toCelMap>; extent: Extent } {
  const read = cutPolicies(policies, reads)
  return { facts: toCelMap(read), extent: extentOf(read) }
}

export function factEvaluator(ast: Expr, language: Language): (facts: Record<string, Json>) => unknown {
  const run = plan(language.env, ast)
  return (facts) => valueOf(() => run(Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, toCel(fact)]))))
}

function valueOf(run: () => unknown): unknown {
  try {
    const result = run()
    return isCelError(result) ? new Error(result.message) : result
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function problemIn(expr: Expr, language: Language, names: readonly string[], loops: number): string | undefined {
  const { exprKind } = expr
  let inner = names
  if (exprKind.case === 'identExpr' && !names.includes(exprKind.value.name))
    return `unknown name ${JSON.stringify(exprKind.value.name)}; there are ${language.names.join(', ').replace(/, (\w+)$/, ' and $1')}`
  if (exprKind.case === 'callExpr') {
    const name = exprKind.value.function
    // A name that does not start with a letter is an operator, which the evaluator provides.
    if (/^[a-z]/i.test(name) && !language.env.funcs.find(name)) return `unknown function ${JSON.stringify(name)}`
  }
  if (exprKind.case === 'comprehensionExpr') {
    if (loops === MAX_LOOPS) return `loops are nested more than ${MAX_LOOPS} deep`
    inner = [...names, exprKind.value.iterVar, exprKind.value.iterVar2, exprKind.value.accuVar]
  }
  const depth = exprKind.case === 'comprehensionExpr' ? loops + 1 : loops
  for (const part of partsOf(expr)) {
    const problem = problemIn(part, language, inner, depth)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Returns the members that the expression reads of each of these policies; an empty object for a policy it does not name. */
export function readByScenario({ alert }: { alert: string }, policies: Policies): Record<string, JsonObject> {
  const compiled = compileExpression(alert)
  const unread = Object.fromEntries(Object.keys(policies).map((id) => [id, {}]))
  return compiled.ok ? { ...unread, ...cutPolicies(policies, policyReadsOf(compiled.expression.ast)) } : unread
}

/** Returns a bound of a parser's recursion: the largest of bracket depth, longest run of signs, and `branches` (count of nesting words). */
export function nestingOf(text: string, branches: number): number {
  let open = 0
  let deepest = 0
  for (const char of text) {
    if ('([{'.includes(char)) deepest = Math.max(deepest, ++open)
    if (')]}'.includes(char)) open--
  }
  const longestSigns = Math.max(0, ...(text.match(/[!-]+(\s*[!-]+)*/g) ?? []).map((run) => run.length))
  return Math.max(deepest, longestSigns, branches)
}
