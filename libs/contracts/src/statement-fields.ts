import { printable } from './printable.js'

/** One field of what is signed, as a person reads it before signing. */
export interface StatementField {
  /** Dotted path, as differences name fields. */
  field: string
  /** JSON, so that `25` and `"25"` differ. */
  value: string
}

/**
 * Every field of a statement's predicate, in the order of its bytes. The console writes them into the page, and the page's script makes
 * them once more from the bytes that it is about to sign: both must be the same text. `hms-svc sign` prints them.
 */
export function statementFields(statement: string): StatementField[] {
  const { predicate } = JSON.parse(statement) as { predicate?: unknown }
  return fieldsOf(predicate, [])
}

function fieldsOf(value: unknown, path: readonly string[]): StatementField[] {
  const members = membersOf(value)
  if (members === undefined) return [{ field: fieldOf(path), value: printable(JSON.stringify(value) ?? 'nothing') }]
  return members.flatMap(([key, member]) => fieldsOf(member, [...path, key]))
}

/** Of a map or a list that has any; an empty one is a value. */
function membersOf(value: unknown): [string, unknown][] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const members = Object.entries(value)
  return members.length === 0 ? undefined : members
}

/** Stands where a field is no longer there: not JSON, so no value of a policy looks like it. */
export const REMOVED_FIELD = 'removed'

/** The value of a field as a difference names it; `undefined` where the policy has none. */
export function valueOfField(policy: unknown, field: string): string | undefined {
  const found = allFields(policy, []).find(([name]) => name === field)
  return found === undefined ? undefined : printable(JSON.stringify(found[1]))
}

function allFields(value: unknown, path: readonly string[]): [string, unknown][] {
  const own: [string, unknown][] = path.length === 0 ? [] : [[fieldOf(path), value]]
  return [...own, ...(membersOf(value) ?? []).flatMap(([key, member]) => allFields(member, [...path, key]))]
}

function fieldOf(path: readonly string[]): string {
  return path.map((key) => (/^[\p{L}\p{N}_-]+$/u.test(key) ? key : printable(JSON.stringify(key)))).join('.')
}
