import { gzipSync } from 'node:zlib'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { canonicalJson, groupBy, isObject, type JsonObject, type WhatIf } from '#libs/contracts'
import type { Clock } from '#libs/platform'
import {
  comparableFacts,
  compileExpression,
  compileScenario,
  cut,
  fieldReader,
  MAX_STEPS,
  type Policies,
  type PolicyChange,
  readsOf,
  touchedFields,
  type Verdict,
} from '#libs/scenario'
import { siteOf } from '../replay/impact.js'
import type { Reading } from '../replay/reading.js'
import { MAX_PLACES } from './places.js'
import type { Tried } from './replay-run.js'

const MAX_VALUES = 256
/** Grid values, so that the proposed value and the one in force fit beside them. */
const MAX_GRID = 200
const MIN_GRID = 10
/** Maximum evaluations of the expression. One takes 3 to 20 µs. */
const MAX_EVALUATIONS = 120_000
const MAX_MS = 1_500
const EVALUATIONS_PER_TURN = 500
const MAX_BYTES = 64 * 1024

/** Readings with equal facts in all that the expression reads, so with equal verdicts. */
interface Alike {
  reading: Reading
  count: number
  sites: Map<string, number>
}

/**
 * Evaluates the expression of the first scenario that depends on one changed number, over its recorded readings, for other values of this
 * number. Nothing is assumed about the expression. Returns `undefined` if there is no such scenario, or if the table would take too long or
 * be too large.
 */
export async function whatIfOf(tried: Tried['scenarios'], clock: Clock, signal?: AbortSignal): Promise<WhatIf | undefined> {
  const candidates = tried.toSorted((a, b) => b.inputs.inputs.length - a.inputs.inputs.length)
  const until = clock.elapsedMs() + MAX_MS
  for (const candidate of candidates) {
    const { scenario, inputs } = candidate
    const change = touchedFields((inputs.before?.policies ?? {}) as Policies, inputs.after.policies as Policies, inputs.policies).find(
      isNumberReadBy(scenario),
    )
    const table = change && (await tableOf(candidate, change, { signal, isOverdue: () => clock.elapsedMs() > until }))
    if (table !== undefined) return table
  }
  return undefined
}

function isNumberReadBy(scenario: { alert: string }): (change: PolicyChange) => boolean {
  const isRead = fieldReader(scenario)
  return ({ policy, path: [top = ''], from, to }) =>
    typeof to === 'number' && (from === undefined || typeof from === 'number') && isRead(policy, top)
}

interface Limits {
  signal: AbortSignal | undefined
  isOverdue: () => boolean
}

async function tableOf(
  { scenario, inputs }: Tried['scenarios'][number],
  change: PolicyChange,
  limits: Limits,
): Promise<WhatIf | undefined> {
  const [compiled, expression] = [compileScenario(scenario), compileExpression(scenario.alert)]
  if (!compiled.ok || !expression.ok) return undefined
  const recorded = inputs.inputs.slice(0, inputs.inputs.length - inputs.boundary)
  const reads = readsOf(expression.expression.ast, 'reading')
  const groups = [...groupBy(recorded, (reading) => canonicalJson(cut(reading, reads)))].map(([, alike]): Alike => {
    const sites = new Map([...groupBy(alike, siteOf)].map(([name, of]) => [name, of.length]))
    return { reading: alike[0]!, count: alike.length, sites }
  })
  const names = [...groupBy(recorded, siteOf)]
    .filter(([name]) => name !== '')
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, MAX_PLACES)
    .map(([name]) => name)
  const tried = valuesToTry(
    change,
    groups.map(({ reading }) => cut(reading, reads)),
    Math.floor(MAX_EVALUATIONS / groups.length),
  )
  const values: number[] = []
  const violating: Alike[][] = []
  for (const value of tried) {
    const found = await violatingAt(groups, compiled.verdict, withValue(inputs.after.policies as Policies, change, value), limits)
    if (found === 'overdue') return undefined
    // A value under which a reading has no verdict is not comparable with the others.
    if (found === undefined) continue
    values.push(value)
    violating.push(found)
  }
  const violations = violating.map((alike) => alike.reduce((sum, { count }) => sum + count, 0))
  if (!values.includes(change.to as number) || new Set(violations).size < 2) return undefined
  const sites = names.map((name) => {
    return { name, violations: violating.map((alike) => alike.reduce((sum, of) => sum + (of.sites.get(name) ?? 0), 0)) }
  })
  const { policy, field } = change
  const table = { scenario: scenario.id, policy, field, values, violations, readings: recorded.length, sites }
  return gzipSync(JSON.stringify(table)).length <= MAX_BYTES ? table : undefined
}

/** Returns the groups that violate; `undefined` if one has no verdict. */
async function violatingAt(
  groups: readonly Alike[],
  verdict: Verdict,
  policies: Policies,
  { signal, isOverdue }: Limits,
): Promise<Alike[] | undefined | 'overdue'> {
  const found: Alike[] = []
  for (const [index, group] of groups.entries()) {
    if (index % EVALUATIONS_PER_TURN === 0) {
      await nextTurn()
      signal?.throwIfAborted()
      if (isOverdue()) return 'overdue'
    }
    try {
      if (verdict(group.reading, policies, { steps: MAX_STEPS })) found.push(group)
    } catch {
      return undefined
    }
  }
  return found
}

/**
 * Returns the values to try, ascending: the proposed one, the one in force, and a grid of round values over the recorded facts that the
 * field can be compared with. `most`: number of values that can be evaluated.
 */
function valuesToTry(change: PolicyChange, facts: readonly JsonObject[], most: number): number[] {
  const [first = {}] = facts
  const paths = comparableFacts(
    change,
    Object.keys(first).map((name) => [name]),
    first,
  )
  const own = [change.from, change.to].filter((value) => typeof value === 'number')
  let [low, high] = [Math.min(...own), Math.max(...own)]
  for (const fact of facts.flatMap((each) => paths.map(([name = '']) => each[name]))) {
    if (typeof fact !== 'number') continue
    low = Math.min(low, fact)
    high = Math.max(high, fact)
  }
  const size = Math.min(MAX_GRID, most)
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
