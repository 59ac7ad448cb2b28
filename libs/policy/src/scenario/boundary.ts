import type { Json, JsonObject } from '#libs/contracts'
import type { Expr } from './cel.js'
import { MAX_STEPS } from './cost.js'
import type { Budget } from './cost.js'
import { argumentsOf, isIdent, memberPath, walk } from './expression-tree.js'
import { compileExpression, evaluator } from './expression.js'
import type { Policies } from './expression.js'
import type { Scenario } from './parse-scenario.js'

type Threshold = { path: string[]; value: number | string; exact: boolean }

const COMPARISONS = ['_>_', '_>=_', '_<_', '_<=_', '_==_', '_!=_']

/**
 * Readings that stand on the edge of a rule, made from `template` (a reading of the corpus): for each comparison of a reading field with
 * something that the policies decide, the field at the threshold and one step to either side, under each of `versions` (old and new
 * policies). The step is the last decimal place that threshold or template has, at least one: 25 → 24.9, 25, 25.1.
 * When the expression holds no such comparison, `boundary:` says what to try. Ids are `boundary:SCENARIO:FIELD=VALUE`.
 */
export function boundaryReadings(scenario: Scenario, versions: readonly Policies[], template: JsonObject): JsonObject[] {
  const compiled = compileExpression(scenario.alert)
  // One question: a threshold for which no steps are left is not tried.
  const budget = { steps: MAX_STEPS }
  const compared = compiled.ok ? [...walk(compiled.expression.ast)].flatMap((expr) => comparisonThresholds(expr, versions, budget)) : []
  const thresholds = compared.length > 0 ? compared : declaredThresholds(scenario.boundary ?? {}, versions, budget)
  const readings = new Map<string, JsonObject>()
  for (const { path, value, exact } of thresholds) {
    for (const tried of exact ? [value] : around(value, valueAt(template, path))) {
      const id = `boundary:${scenario.id}:${path.join('.')}=${tried}`
      readings.set(id, { ...withValue(template, path, tried), id })
    }
  }
  return [...readings.values()]
}

function comparisonThresholds(expr: Expr, versions: readonly Policies[], budget: Budget): Threshold[] {
  const sides = COMPARISONS.map((name) => argumentsOf(expr, name)).find((args) => args !== undefined)
  const [left, right] = sides ?? []
  if (!left || !right) return []
  return [
    [left, right],
    [right, left],
  ].flatMap(([field, bound]) => {
    const path = field && memberPath(unwrapped(field), 'reading')
    if (!bound || !path || path.length === 0 || [...walk(bound)].some((part) => isIdent(part, 'reading'))) return []
    return valuesOf(bound, versions, budget).map((value) => ({ path, value, exact: typeof value === 'string' }))
  })
}

function declaredThresholds(boundary: NonNullable<Scenario['boundary']>, versions: readonly Policies[], budget: Budget): Threshold[] {
  return Object.entries(boundary).flatMap(([field, given]): Threshold[] => {
    if (typeof given !== 'string') return given.map((value) => ({ path: [field], value, exact: true }))
    const compiled = compileExpression(given)
    const values = compiled.ok ? valuesOf(compiled.expression.ast, versions, budget) : []
    return values.map((value) => ({ path: [field], value, exact: false }))
  })
}

/** A version whose policy lacks the field has no threshold there. */
function valuesOf(bound: Expr, versions: readonly Policies[], budget: Budget): (number | string)[] {
  const evaluate = evaluator(bound)
  return versions
    .map((policies) => evaluate({}, policies, budget))
    .flatMap((value) => {
      if (typeof value === 'bigint') return [Number(value)]
      return typeof value === 'number' || typeof value === 'string' ? [value] : []
    })
}

function unwrapped(expr: Expr): Expr {
  const [inner] = argumentsOf(expr, 'double') ?? argumentsOf(expr, 'int') ?? []
  return inner ?? expr
}

function around(value: number | string, sample: Json | undefined): (number | string)[] {
  if (typeof value === 'string') return [value]
  if (!Number.isFinite(value)) return []
  const places = Math.max(1, decimals(value), typeof sample === 'number' ? decimals(sample) : 0)
  return [-1, 0, 1].map((steps) => Number((value + steps * 10 ** -places).toFixed(places)))
}

/** Nine at most: beyond that the step would drown in rounding. */
function decimals(value: number): number {
  const [, fraction = ''] = value.toFixed(9).replace(/0+$/, '').split('.')
  return fraction.length
}

function valueAt(reading: JsonObject, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((node, part) => (isObject(node) ? node[part] : undefined), reading)
}

function withValue(reading: JsonObject, [head = '', ...rest]: readonly string[], value: number | string): JsonObject {
  const child = reading[head]
  return { ...reading, [head]: rest.length === 0 ? value : withValue(isObject(child) ? child : {}, rest, value) }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
