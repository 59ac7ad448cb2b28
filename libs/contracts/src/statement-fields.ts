import { printable, quotedUnless } from './printable.js'

/** One field of a signed statement, as shown to a person before signing. */
export interface StatementField {
  /** Dotted path, as in `FieldDifference`. */
  field: string
  /** Value as JSON, so that `25` and `"25"` differ. */
  value: string
}

/** Returns every field of a statement's predicate, in the order of its bytes, for `hms-svc sign` and the console's own check. */
export function statementFields(statement: string): StatementField[] {
  const { predicate } = JSON.parse(statement) as { predicate?: unknown }
  return fieldsOf(predicate, [])
}

function fieldsOf(value: unknown, path: readonly string[]): StatementField[] {
  const members: [string, unknown][] = typeof value === 'object' && value !== null ? Object.entries(value) : []
  if (members.length === 0) return [{ field: printable(fieldOf(path)), value: printable(JSON.stringify(value) ?? 'nothing') }]
  return members.flatMap(([key, member]) => fieldsOf(member, [...path, key]))
}

/** Returns a dotted path. A key with other characters than those of an ASCII word is quoted, because it may look like a known one. */
export function fieldOf(path: readonly string[]): string {
  return path.map((key) => quotedUnless(/^[\w-]+$/, key)).join('.') // guard: field-quoted
}
