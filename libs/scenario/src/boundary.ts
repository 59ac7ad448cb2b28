import { groupBy, isObject, type Json, type JsonObject } from '#libs/contracts'
import type { Expr } from './cel.js'
import { type Verdict, verdictOf } from './compile-scenario.js'
import { type Budget, MAX_STEPS } from './cost.js'
import { argumentsOf, isIdent, memberPath, walk } from './expression-tree.js'
import { compileExpression, evaluator, type Policies } from './expression.js'
import type { Scenario } from './parse-scenario.js'
import { changedValues, comparableFacts, type PolicyChange } from './touched.js'

type Threshold = { path: string[]; value: number | string; exact: boolean }

const COMPARISONS = ['_>_', '_>=_', '_<_', '_<=_', '_==_', '_!=_']
/** Maximum number of readings: a change of thousands of numbers is tested at the first few hundred. */
const MAX_READINGS = 500

export interface BoundaryInputs {
  readings: JsonObject[]
  /** Number of readings at the old or new value of each touched field, in the order of the fields. */
  ofTouched: number[]
}

/**
 * Builds readings at the edge of a rule from a reading of the corpus. For each comparison of a reading field with a value that depends on
 * the policies, the field is set to the threshold and to one step on either side, under each of `versions` (old and new policies). The step
 * is one unit of the last decimal place of threshold or template, at most 0.1: 25 → 24.9, 25, 25.1. Every field that the change touches is
 * also tested at its old and new value, even if the expression does not compare it, because a bot may. A field that the expression reads is
 * also left out once, if the expression has a verdict without it. If the expression has no comparison, `boundary:` lists the values. The
 * first of `templates` that shows the edge is used, else the first of all: in `a > 1 && b > 2` no value of `a` changes the verdict of a
 * reading whose `b` is low. Ids are `boundary:SCENARIO:FIELD=VALUE`.
 */
export function boundaryReadings(
  scenario: Scenario,
  versions: readonly Policies[],
  templates: readonly JsonObject[],
  touched: readonly PolicyChange[] = [],
): BoundaryInputs {
  const [compiled, [template]] = [compileExpression(scenario.alert), templates]
  if (!compiled.ok || template === undefined) return { readings: [], ofTouched: touched.map(() => 0) }
  const parts = [...walk(compiled.expression.ast)]
  // One budget for all: a threshold without remaining steps is not tested.
  const budget = { steps: MAX_STEPS }
  const compared = parts.flatMap((expr) => comparisonThresholds(expr, versions, budget))
  const own = compared.length > 0 ? compared : declaredThresholds(scenario.boundary ?? {}, versions, budget)
  const around = (thresholds: readonly Threshold[]): TestValue[] => thresholds.flatMap((threshold) => valuesAround(threshold, template))
  const read = parts.map((part) => memberPath(part, 'reading') ?? []).filter((path) => path.length > 0)
  const readPaths = new Set(read.map((path) => path.join('.')))
  const ofTouched = touched.map((change) => around(touchedThresholds(change, read, template)))
  const edge = new EdgeFinder(scenario.id, versions, verdictOf(scenario.id, compiled.expression.ast))
  const readings = new Map<string, JsonObject>()
  for (const [path, tried] of groupBy([...around(own), ...ofTouched.flat()], (each) => each.path.join('.'))) {
    for (const reading of edge.readingsOf(tried, templates, readPaths.has(path))) {
      if (readings.size < MAX_READINGS) readings.set(String(reading['id']), reading)
    }
  }
  const count = (tried: readonly TestValue[]): number =>
    new Set(tried.map((each) => idOf(scenario.id, each)).filter((id) => readings.has(id))).size
  return { readings: [...readings.values()], ofTouched: ofTouched.map(count) }
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

/** Returns the old and new values of a field, for every fact of the same type that it can be compared with. */
function touchedThresholds(change: PolicyChange, read: readonly string[][], template: JsonObject): Threshold[] {
  const values = changedValues(change)
  return comparableFacts(change, read, template).flatMap((path) => {
    const fact = valueAt(template, path)
    return values.filter((value) => typeof value === typeof fact).map((value) => ({ path, value, exact: typeof value === 'string' }))
  })
}

/** Evaluates the threshold under each version. A version whose policy lacks the field yields no value. */
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

function valuesAround({ path, value, exact }: Threshold, template: JsonObject): TestValue[] {
  if (exact || typeof value === 'string') return [{ path, value }]
  if (!Number.isFinite(value)) return []
  const sample: Json | undefined = valueAt(template, path)
  const places = Math.max(1, decimals(value), typeof sample === 'number' ? decimals(sample) : 0)
  return [-1, 0, 1].map((steps) => ({ path, value: Number((value + steps * 10 ** -places).toFixed(places)) }))
}

/** Returns the number of decimals, nine at most: beyond that the step would be lost in rounding. */
function decimals(value: number): number {
  const [, fraction = ''] = value.toFixed(9).replace(/0+$/, '').split('.')
  return fraction.length
}

type TestValue = { path: string[]; value: number | string }

/** Builds the readings that test one field, from the template under which it matters. */
class EdgeFinder {
  // Shared by all fields, so that searching for edges costs no more steps than one question may.
  private readonly budget = { steps: MAX_STEPS }

  constructor(
    private readonly scenario: string,
    private readonly versions: readonly Policies[],
    private readonly verdict: Verdict,
  ) {}

  /** Returns the readings of one field, from the first template with an edge, else the first of all. `isRead`: the expression reads it. */
  readingsOf(tried: readonly TestValue[], templates: readonly JsonObject[], isRead: boolean): JsonObject[] {
    const sets = templates.map((template) => tried.map(({ path, value }) => this.reading(template, path, value)))
    const chosen = sets.findIndex((readings) => this.showsEdge(readings))
    const at = Math.max(0, chosen)
    const [readings = [], [{ path } = { path: [] }]] = [sets[at], tried]
    const without = this.reading(templates[at] ?? {}, path, undefined)
    // A missing fact is only tested if the rule handles it.
    return isRead && this.versions.some((policies) => this.judge(without, policies) !== undefined) ? [...readings, without] : readings
  }

  private reading(template: JsonObject, path: readonly string[], value: number | string | undefined): JsonObject {
    return { ...withValue(template, path, value), id: idOf(this.scenario, { path, value: value ?? 'missing' }) }
  }

  private showsEdge(readings: readonly JsonObject[]): boolean {
    const verdicts = this.versions.flatMap((policies) => readings.map((reading) => this.judge(reading, policies)))
    return verdicts.includes(true) && verdicts.includes(false)
  }

  private judge(reading: JsonObject, policies: Policies): boolean | undefined {
    try {
      return this.verdict(reading, policies, this.budget)
    } catch {
      return undefined
    }
  }
}

export function idOf(scenario: string, { path, value }: { path: readonly string[]; value: number | string }): string {
  return `boundary:${scenario}:${path.join('.')}=${value}`
}

export function valueAt(reading: JsonObject, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((node, part) => (isObject(node) ? node[part] : undefined), reading)
}

export function withValue(reading: JsonObject, [head = '', ...rest]: readonly string[], value: number | string | undefined): JsonObject {
  const { [head]: child, ...others } = reading
  if (rest.length > 0) return { ...reading, [head]: withValue(isObject(child) ? child : {}, rest, value) }
  return value === undefined ? others : { ...reading, [head]: value }
}
