import { gzipSync } from 'node:zlib'
import { canonicalJson, groupBy, type JsonObject, type WhatIf } from '#libs/contracts'
import { compileExpression, cut, fieldReader, MAX_STEPS, readsOf, touchedFields, valueAt, verdictOf, withValue } from '#libs/scenario'
import type { Policies, PolicyChange } from '#libs/scenario'
import { siteOf } from './impact.js'
import { MAX_PLACES } from './places.js'
import type { ScenarioInputs } from './scenario-inputs.js'

/** Maximum number of grid values; the proposed value and the value in force are tried in addition. */
const MAX_GRID = 200
const MIN_GRID = 10
/** Maximum evaluations of the expression. One takes 3 to 20 µs. */
const MAX_EVALUATIONS = 120_000
/** Maximum wall time in ms, for a machine that is far busier than these evaluations allow for. */
const MAX_MS = 10_000
const MAX_BYTES = 64 * 1024

/**
 * Counts a scenario's violations in its recorded readings for other values of a changed number, for any expression. Uses the scenario
 * with most inputs that reads it; `undefined` if none does, or the table is too slow or large. Blocks the thread. `elapsedMs`: monotonic.
 */
export function whatIfOf(scenarios: readonly ScenarioInputs[], elapsedMs = () => performance.now()): WhatIf | undefined {
  const until = elapsedMs() + MAX_MS
  for (const inputs of scenarios.toSorted((a, b) => b.inputs.length - a.inputs.length)) {
    const change = numberReadBy(inputs)
    const table = change && tableOf(inputs, change, () => elapsedMs() > until)
    if (table !== undefined) return table
  }
  return undefined
}

/** Returns the first changed field that the expression reads and that is a number, after the change and, if it existed, before. */
function numberReadBy({ policies, before, after, rule }: ScenarioInputs): PolicyChange | undefined {
  const isRead = fieldReader(rule!)
  return touchedFields((before?.policies ?? {}) as Policies, after.policies as Policies, policies)
    .filter(({ from, to }) => typeof to === 'number' && (from === undefined || typeof from === 'number'))
    .find(({ policy, path, to }) => isRead(policy, path[0] ?? '') && valueAt(after.policies[policy]!, path) === to)
}

function tableOf(scenario: ScenarioInputs, change: PolicyChange, isOverdue: () => boolean): WhatIf | undefined {
  const compiled = compileExpression(scenario.rule!.alert)
  if (!compiled.ok) return undefined
  const { ast } = compiled.expression
  const { policy, path, field, to } = change
  const [verdict, reads] = [verdictOf(scenario.scenario, ast), readsOf(ast, 'reading')]
  const recorded = scenario.inputs.slice(0, scenario.inputs.length - scenario.boundary)
  // Readings with equal facts in all that the expression reads have equal verdicts.
  const groups = [...groupBy(recorded, (reading) => canonicalJson(cut(reading, reads))).values()]
  const facts = groups.map(([first]) => cut(first!, reads))
  const rows = valuesToTry(change, facts).flatMap((value) => {
    const changed = withValue(scenario.after.policies[policy]!, path, value)
    const policies = { ...scenario.after.policies, [policy]: changed } as Policies
    try {
      const violating = groups.filter((_group, index) => !isOverdue() && verdict(facts[index]!, policies, { steps: MAX_STEPS })).flat()
      return [{ value, violations: violating.length, sites: groupBy(violating, siteOf) }]
    } catch {
      // A value under which a reading has no verdict is not comparable with the others.
      return []
    }
  })
  const [values, violations] = [rows.map(({ value }) => value), rows.map((row) => row.violations)]
  if (isOverdue() || !values.includes(to as number) || new Set(violations).size < 2) return undefined
  const sites = [...groupBy(recorded, siteOf)]
    .filter(([name]) => name !== '')
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, MAX_PLACES)
    .map(([name]) => ({ name, violations: rows.map((row) => row.sites.get(name)?.length ?? 0) }))
  const table = { scenario: scenario.scenario, policy, field, values, violations, readings: recorded.length, sites }
  return gzipSync(JSON.stringify(table)).length <= MAX_BYTES ? table : undefined
}

/**
 * Returns the values to try, ascending: the proposed one, the one in force, and multiples of 1, 5, 10, 50 … between the least and the
 * greatest number that the expression reads. Empty if the facts are too many for a useful grid.
 */
function valuesToTry({ from, to }: PolicyChange, facts: readonly JsonObject[]): number[] {
  const own = [from, to].filter((value) => typeof value === 'number')
  const sorted = [...own, ...facts.flatMap(Object.values).filter((fact) => typeof fact === 'number')].sort((a, b) => a - b)
  const [low, high] = [sorted[0]!, sorted.at(-1)!]
  const size = Math.min(MAX_GRID, Math.floor(MAX_EVALUATIONS / facts.length))
  if (size < MIN_GRID || low === high) return []
  const unit = 10 ** Math.floor(Math.log10((high - low) / size))
  const step = [1, 5, 10].map((times) => times * unit).find((each) => each * size >= high - low)!
  const first = Math.ceil(low / step)
  const grid = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)))
  return [...new Set([...own, ...grid])].sort((a, b) => a - b)
}
