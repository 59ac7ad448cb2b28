import type { JsonObject } from '#libs/contracts'
import type { Expr } from './cel.js'
import { argumentsOf, isIdent, memberPath, walk } from './expression-tree.js'

/** Top-level members that an expression reads of a document; `all` if it uses the document itself. */
export type Reads = readonly string[] | 'all'

export function readsOf(expr: Expr, document: string): Reads {
  return membersOf(expr, (part) => isIdent(part, document))
}

/** Returns the reads of each policy that `policy["ID"].field` names; `all` if the policies are used as a whole. */
export function policyReadsOf(expr: Expr): ReadonlyMap<string, Reads> | 'all' {
  const ids = readsOf(expr, 'policy')
  if (ids === 'all') return 'all'
  return new Map(ids.map((id) => [id, membersOf(expr, (part) => isPathOf(part, id))]))
}

/** Returns the read members of these policies; policies that the expression does not name are omitted. */
export function cutPolicies(
  policies: Readonly<Record<string, JsonObject>>,
  reads: ReadonlyMap<string, Reads> | 'all',
): Record<string, JsonObject> {
  const read: Record<string, JsonObject> = {}
  for (const [id, policy] of Object.entries(policies)) {
    const fields = reads === 'all' ? 'all' : reads.get(id)
    if (fields !== undefined) read[id] = cut(policy, fields)
  }
  return read
}

export function cut(document: JsonObject, reads: Reads): JsonObject {
  if (reads === 'all') return document
  return Object.fromEntries(reads.filter((name) => document[name] !== undefined).map((name) => [name, document[name]!]))
}

function isPathOf(part: Expr, id: string): boolean {
  const path = memberPath(part, 'policy')
  return path?.length === 1 && path[0] === id
}

function membersOf(expr: Expr, isDocument: (part: Expr) => boolean): Reads {
  const parts = [...walk(expr)]
  const members = parts.flatMap((part) => memberOf(part, isDocument) ?? [])
  const mentions = parts.filter((part) => isDocument(part) && !isComparedWithNull(part, parts)).length
  return mentions === members.length ? [...new Set(members)] : 'all'
}

/** Returns `limit` for `next.limit`, `next["limit"]` and `has(next.limit)`. */
function memberOf(expr: Expr, isDocument: (part: Expr) => boolean): string | undefined {
  const { exprKind } = expr
  if (exprKind.case === 'selectExpr') return exprKind.value.operand && isDocument(exprKind.value.operand) ? exprKind.value.field : undefined
  const [operand, index] = argumentsOf(expr, '_[_]') ?? []
  if (operand === undefined || !isDocument(operand)) return undefined
  const key = index?.exprKind.case === 'constExpr' ? index.exprKind.value.constantKind : undefined
  return key?.case === 'stringValue' ? key.value : undefined
}

function isComparedWithNull(part: Expr, parts: readonly Expr[]): boolean {
  return parts.some((other) => {
    const pair = argumentsOf(other, '_==_') ?? argumentsOf(other, '_!=_') ?? []
    return pair.includes(part) && pair.some(isNull)
  })
}

function isNull({ exprKind }: Expr): boolean {
  return exprKind.case === 'constExpr' && exprKind.value.constantKind.case === 'nullValue'
}
