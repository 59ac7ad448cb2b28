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

function fieldOf(path: readonly string[]): string {
  return path.map((key) => (/^[\p{L}\p{N}_-]+$/u.test(key) ? key : printable(JSON.stringify(key)))).join('.')
}
