import { isObject, type Json, type JsonObject } from '#libs/contracts'
import type { Verdict } from './compile-scenario.js'
import { MAX_STEPS } from './cost.js'
import type { Policies } from './expression.js'

/** Value to test in one field of a reading. */
export type Tried = { path: string[]; value: number | string }

/** Builds the readings that test one field, from the template under which it matters. */
export class EdgeFinder {
  // Budget of all fields together: the search for an edge may not take longer than the question itself.
  private readonly budget = { steps: MAX_STEPS }

  constructor(
    private readonly scenario: string,
    private readonly versions: readonly Policies[],
    private readonly verdict: Verdict,
  ) {}

  /**
   * Returns the readings of one field: from the first template that shows an edge, else from the first of all. `isRead`: the expression
   * reads it.
   */
  readingsOf(tried: readonly Tried[], templates: readonly JsonObject[], isRead: boolean): JsonObject[] {
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

function withValue(reading: JsonObject, [head = '', ...rest]: readonly string[], value: number | string | undefined): JsonObject {
  const { [head]: child, ...others } = reading
  if (rest.length > 0) return { ...reading, [head]: withValue(isObject(child) ? child : {}, rest, value) }
  return value === undefined ? others : { ...reading, [head]: value }
}
