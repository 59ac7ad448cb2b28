import { fieldOf, type Json, type JsonObject } from '#libs/contracts'
import { changesBetween, POLICY_KNOWN_KEYS, typeOfJson, type Change } from '#libs/policy'
import { compileExpression, type Policies } from './expression.js'
import { policyReadsOf } from './reads.js'

/** Field of rule data that differs between two versions of a policy. */
export type PolicyChange = Change & { policy: string; field: string }

/** Maximum number of values tested for one field, more than any rule compares a reading with. */
const MAX_VALUES = 20

/** Returns the changed fields of the policies `ids`; for a first version, all. Skips descriptive keys such as `title`, but not `units`. */
export function touchedFields(before: Policies, after: Policies, ids: readonly string[]): PolicyChange[] {
  const describing = POLICY_KNOWN_KEYS.filter((key) => key !== 'units') as readonly string[]
  return ids.flatMap((policy) =>
    changesBetween(before[policy] ?? {}, after[policy] ?? {})
      .filter(({ path: [top = ''] }) => !describing.includes(top))
      .map((change) => ({ ...change, policy, field: fieldOf(change.path) })),
  )
}

/** Returns fields that a reader of the old document may use and that are missing from the new one, or have another type there. */
export function narrowedFields(touched: readonly PolicyChange[]): string[] {
  return touched
    .filter(({ kind, from, to }) => kind === 'removed' || (kind === 'changed' && typeOfJson(from) !== typeOfJson(to)))
    .map(({ policy, field }) => `${policy}.${field}`)
}

/** Returns numbers and texts that are on one side of the change only. */
export function changedValues({ from, to }: PolicyChange): (number | string)[] {
  const [old, next] = [new Set(leavesOf(from)), new Set(leavesOf(to))]
  return [...[...old].filter((value) => !next.has(value)), ...[...next].filter((value) => !old.has(value))].slice(0, MAX_VALUES)
}

/** Returns the facts to compare with a changed field: for `limits.o3` those called `limits` or `o3`; if there are none, all of `read`. */
export function comparableFacts({ path }: PolicyChange, read: readonly string[][], template: JsonObject): string[][] {
  const words = path.map(plain)
  const named = Object.keys(template).filter((fact) => words.includes(plain(fact)))
  return named.length > 0 ? named.map((fact) => [fact]) : [...read]
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

function leavesOf(value: Json | undefined): (number | string)[] {
  if (typeof value === 'number' || typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap((inner) => leavesOf(inner)) : []
}

/** Returns a function that reports whether the scenario's expression reads the member `top` of a policy. */
export function fieldReader({ alert }: { alert: string }): (policy: string, top: string) => boolean {
  const compiled = compileExpression(alert)
  if (!compiled.ok) return () => false
  const reads = policyReadsOf(compiled.expression.ast)
  return (policy, top) => {
    const fields = reads === 'all' ? 'all' : (reads.get(policy) ?? [])
    return fields === 'all' || fields.includes(top)
  }
}
