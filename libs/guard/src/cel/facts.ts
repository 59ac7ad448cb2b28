import type { Json, JsonObject } from '#libs/contracts'
import { argumentsOf, factLanguage, isIdent, walk, type Expr } from '#libs/policy'
import type { GuardRequest } from '../rule.js'

/** `matches` on longer texts or patterns errs. */
export const RULE_LANGUAGE = factLanguage(['next', 'previous', 'plan', 'stage', 'scope'], { maxText: 1_024, maxPattern: 128 })

export type Facts = Record<string, Json>

/** Top-level members that an expression reads of a document; `all` when it takes the document itself. */
export type Reads = readonly string[] | 'all'

export function readsOf(expr: Expr, document: string): Reads {
  const parts = [...walk(expr)]
  const members = parts.flatMap((part) => memberOf(part, document) ?? [])
  const mentions = parts.filter((part) => isIdent(part, document) && !isComparedWithNull(part, parts)).length
  return mentions === members.length ? [...new Set(members)] : 'all'
}

/** What a rule gets to see: only what it reads, so that a large policy costs a rule on one number nothing. */
export function factsFor({ next, previous, plan, stage }: GuardRequest, reads: { next: Reads; previous: Reads }): Facts {
  return {
    next: cut(next as JsonObject, reads.next),
    previous: previous === null ? null : cut(previous as JsonObject, reads.previous),
    plan: { ...plan } as JsonObject,
    stage,
    scope: plan.scope,
  }
}

function cut(document: JsonObject, reads: Reads): JsonObject {
  if (reads === 'all') return document
  return Object.fromEntries(reads.filter((name) => document[name] !== undefined).map((name) => [name, document[name]]))
}

/** `next.limit`, `next["limit"]`, `has(next.limit)`: `limit`. */
function memberOf(expr: Expr, document: string): string | undefined {
  const { exprKind } = expr
  if (exprKind.case === 'selectExpr') return isIdent(exprKind.value.operand, document) ? exprKind.value.field : undefined
  const [operand, index] = argumentsOf(expr, '_[_]') ?? []
  if (!isIdent(operand, document)) return undefined
  const key = index?.exprKind.case === 'constExpr' ? index.exprKind.value.constantKind : undefined
  return key?.case === 'stringValue' ? key.value : undefined
}

function isComparedWithNull(ident: Expr, parts: readonly Expr[]): boolean {
  return parts.some((part) => {
    const pair = argumentsOf(part, '_==_') ?? argumentsOf(part, '_!=_') ?? []
    return pair.includes(ident) && pair.some(isNull)
  })
}

function isNull({ exprKind }: Expr): boolean {
  return exprKind.case === 'constExpr' && exprKind.value.constantKind.case === 'nullValue'
}
