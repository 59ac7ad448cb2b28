import { isPlainText } from './bounds.js'

/** A Prometheus query that a canary must satisfy: each sample of its result is 1 (holds) or 0 (does not). */
export type MetricGate = {
  name: string
  /** PromQL that compares with `bool`, such as `error_ratio < bool 0.05`. */
  query: string
}

/** Results of a gate in a canary. */
export interface MetricFigures {
  name: string
  /** Number of checks at which the gate held, and at which it did not. */
  held: number
  failed: number
  /** Number of latest checks in a row without a result, and the problem of the last one. */
  unanswered: number
  problem: string | null
}

export const MAX_METRICS = 10
export const MAX_QUERY = 1_000
const NAME = /^[a-z][a-z0-9-]{0,49}$/
/** Comparison with `bool`. Without `bool`, a false comparison has an empty result, as if not measured, and a true one may return 0. */
const COMPARES = /(?:==|!=|<=|>=|<|>)\s*bool\b/

/** Returns why these gates are invalid in a plan; `undefined` if they are valid. */
export function metricsProblem(gates: readonly MetricGate[]): string | undefined {
  if (gates.length > MAX_METRICS) return `${gates.length} metrics, ${MAX_METRICS} at most`
  const twice = gates.find(({ name }, index) => gates.findIndex((other) => other.name === name) !== index)
  if (twice !== undefined) return `metric ${twice.name} is there twice`
  for (const { name, query } of gates) {
    if (!NAME.test(name)) return 'the name of a metric has small letters, digits and hyphens, 50 at most, and begins with a letter'
    if (query.length > MAX_QUERY || !isPlainText(query)) return `metric ${name}: a query is text of ${MAX_QUERY} characters at most`
    if (!COMPARES.test(query)) return `metric ${name}: the query must compare with bool, such as error_ratio < bool 0.05`
  }
  return undefined
}

/** Whether two plans have the same gates; missing metrics equal an empty list. */
export function isSameMetrics(some: readonly MetricGate[] = [], others: readonly MetricGate[] = []): boolean {
  return (
    some.length === others.length && some.every(({ name, query }, index) => name === others[index]!.name && query === others[index]!.query)
  )
}
