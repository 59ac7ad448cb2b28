import { gzipSync } from 'node:zlib'
import { canonicalJson, groupBy, isObject, type JsonObject, type WhatIf } from '#libs/contracts'
import {
  comparableFacts,
  compileExpression,
  cut,
  fieldReader,
  MAX_STEPS,
  type Policies,
  type PolicyChange,
  type Reads,
  readsOf,
  type Scenario,
  touchedFields,
  verdictOf,
} from '#libs/scenario'
import { siteOf } from './impact.js'
import { MAX_PLACES } from './places.js'
import type { Reading } from './reading.js'
import type { ScenarioInputs } from './scenario-inputs.js'

const MAX_VALUES = 256
/** Grid values, so that the proposed value and the one in force fit beside them. */
const MAX_GRID = 200
const MIN_GRID = 10
/** Maximum evaluations of the expression. One takes 3 to 20 µs. */
const MAX_EVALUATIONS = 120_000
const MAX_MS = 1_500
const MAX_BYTES = 64 * 1024

/** Readings with equal facts in all that the expression reads, so with equal verdicts. */
interface Alike {
  facts: JsonObject
  count: number
  sites: Map<string, number>
}

/**
 * Evaluates the expression of the first scenario that depends on one changed number, over its recorded readings, for other values of this
 * number. Nothing is assumed about the expression. Returns `undefined` if there is no such scenario, or if the table would take too long or
 * be too large. Blocks its thread. `elapsedMs`: monotonic time.
 */
export function whatIfOf(
  scenarios: readonly Scenario[],
  tried: readonly ScenarioInputs[],
  elapsedMs: () => number = () => performance.now(),
): WhatIf | undefined {
  const until = elapsedMs() + MAX_MS
  for (const inputs of tried.toSorted((a, b) => b.inputs.length - a.inputs.length)) {
    const scenario = scenarios.find(({ id }) => id === inputs.scenario)
    const change = scenario && numberReadBy(scenario, inputs)
    const table = change && tableOf(scenario, change, inputs, () => elapsedMs() > until)
    if (table !== undefined) return table
  }
  return undefined
}

/** Returns the first changed field that is a number, before as well if it was there, and that the expression reads. */
function numberReadBy(scenario: Scenario, { policies, before, after }: ScenarioInputs): PolicyChange | undefined {
  const isRead = fieldReader(scenario)
  return touchedFields((before?.policies ?? {}) as Policies, after.policies as Policies, policies).find(
    ({ policy, path: [top = ''], from, to }) =>
      typeof to === 'number' && (from === undefined || typeof from === 'number') && isRead(policy, top),
  )
}

function tableOf(scenario: Scenario, change: PolicyChange, inputs: ScenarioInputs, isOverdue: () => boolean): WhatIf | undefined {
  const expression = compileExpression(scenario.alert)
  if (!expression.ok) return undefined
  const { ast } = expression.expression
  const verdict = verdictOf(scenario.id, ast)
  const recorded = inputs.inputs.slice(0, inputs.inputs.length - inputs.boundary)
  const groups = alikeOf(recorded, readsOf(ast, 'reading'))
  const values: number[] = []
  const violating: Alike[][] = []
  for (const value of valuesToTry(change, groups)) {
    const policies = withValue(inputs.after.policies as Policies, change, value)
    const found = violatingAt(groups, (facts) => !isOverdue() && verdict(facts, policies, { steps: MAX_STEPS }))
    if (isOverdue()) return undefined
    // A value under which a reading has no verdict is not comparable with the others.
    if (found === undefined) continue
    values.push(value)
    violating.push(found)
  }
  const violations = violating.map((alike) => alike.reduce((sum, { count }) => sum + count, 0))
  if (!values.includes(change.to as number) || new Set(violations).size < 2) return undefined
  const sites = largestSites(recorded).map((name) => {
    return { name, violations: violating.map((alike) => alike.reduce((sum, { sites: of }) => sum + (of.get(name) ?? 0), 0)) }
  })
  const { policy, field } = change
  const table = { scenario: scenario.id, policy, field, values, violations, readings: recorded.length, sites }
  return gzipSync(JSON.stringify(table)).length <= MAX_BYTES ? table : undefined
}

function alikeOf(readings: readonly Reading[], reads: Reads): Alike[] {
  return [...groupBy(readings, (reading) => canonicalJson(cut(reading, reads))).values()].map((alike) => {
    const sites = new Map([...groupBy(alike, siteOf)].map(([name, of]) => [name, of.length]))
    return { facts: cut(alike[0]!, reads), count: alike.length, sites }
  })
}

function largestSites(readings: readonly Reading[]): string[] {
  const sites = [...groupBy(readings, siteOf)].filter(([name]) => name !== '').sort(([, a], [, b]) => b.length - a.length)
  return sites.slice(0, MAX_PLACES).map(([name]) => name)
}

/** Returns the groups that violate; `undefined` if one has no verdict. */
function violatingAt(groups: readonly Alike[], isViolation: (facts: JsonObject) => boolean): Alike[] | undefined {
  try {
    return groups.filter(({ facts }) => isViolation(facts))
  } catch {
    return undefined
  }
}

/**
 * Returns the values to try, ascending: the proposed one, the one in force, and a grid of round values over the recorded facts that the
 * field can be compared with. Empty if the groups are too many for a useful grid.
 */
function valuesToTry(change: PolicyChange, groups: readonly Alike[]): number[] {
  const [{ facts: first } = { facts: {} }] = groups
  const paths = comparableFacts(
    change,
    Object.keys(first).map((name) => [name]),
    first,
  )
  const own = [change.from, change.to].filter((value) => typeof value === 'number')
  let [low, high] = [Math.min(...own), Math.max(...own)]
  for (const fact of groups.flatMap(({ facts }) => paths.map(([name = '']) => facts[name]))) {
    if (typeof fact !== 'number') continue
    low = Math.min(low, fact)
    high = Math.max(high, fact)
  }
  const size = Math.min(MAX_GRID, Math.floor(MAX_EVALUATIONS / groups.length))
  if (size < MIN_GRID || low === high) return []
  const step = stepOf((high - low) / (size - 2))
  const steps = Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, index) => Math.ceil(low / step) + index)
  return [...new Set([...steps.map((times) => Number((times * step).toPrecision(12))), ...own])].sort((a, b) => a - b).slice(0, MAX_VALUES)
}

/** Returns the smallest of 1, 5, 10, 50, … or 0.5, 0.1, … that is at least `least`. */
function stepOf(least: number): number {
  const unit = 10 ** Math.floor(Math.log10(least))
  return [1, 5, 10].map((times) => times * unit).find((step) => step >= least * (1 - 1e-9)) ?? 10 * unit
}

/** Returns the policies with this value in the changed field. */
function withValue(policies: Policies, { policy, path }: PolicyChange, value: number): Policies {
  const changed = (node: unknown, [head, ...rest]: PolicyChange['path']): unknown => {
    if (head === undefined) return value
    if (Array.isArray(node)) return node.map((each: unknown, index) => (String(index) === String(head) ? changed(each, rest) : each))
    return isObject(node) ? { ...node, [head]: changed(node[head], rest) } : node
  }
  return { ...policies, [policy]: changed(policies[policy], path) as Policies[string] }
}
