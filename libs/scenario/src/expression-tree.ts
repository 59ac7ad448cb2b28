import type { Expr } from './cel.js'

/** Returns the direct parts of an expression, in the order of the text. */
export function partsOf({ exprKind }: Expr): Expr[] {
  switch (exprKind.case) {
    case 'selectExpr':
      return present(exprKind.value.operand)
    case 'callExpr':
      return present(exprKind.value.target, ...exprKind.value.args)
    case 'listExpr':
      return exprKind.value.elements
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) => present(keyKind.case === 'mapKey' ? keyKind.value : undefined, value))
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value
      return present(iterRange, accuInit, loopCondition, loopStep, result)
    }
    default:
      return []
  }
}

export function* walk(expr: Expr): Generator<Expr> {
  yield expr
  for (const part of partsOf(expr)) yield* walk(part)
}

export function isIdent(expr: Expr | undefined, name: string): boolean {
  return expr?.exprKind.case === 'identExpr' && expr.exprKind.value.name === name
}

/** Returns the arguments if the expression is a call of `name` without target. */
export function argumentsOf(expr: Expr, name: string): Expr[] | undefined {
  return expr.exprKind.case === 'callExpr' && expr.exprKind.value.function === name && !expr.exprKind.value.target
    ? expr.exprKind.value.args
    : undefined
}

/** Returns the member names of `root.a["b"].c`; undefined for anything else, and for computed members. */
export function memberPath(expr: Expr, root: string): string[] | undefined {
  if (isIdent(expr, root)) return []
  const { exprKind } = expr
  if (exprKind.case === 'selectExpr' && exprKind.value.operand && !exprKind.value.testOnly)
    return memberPath(exprKind.value.operand, root)?.concat(exprKind.value.field)
  const [operand, index] = argumentsOf(expr, '_[_]') ?? []
  const key = index?.exprKind.case === 'constExpr' ? index.exprKind.value.constantKind : undefined
  if (!operand || key?.case !== 'stringValue') return undefined
  return memberPath(operand, root)?.concat(key.value)
}

function present(...parts: (Expr | undefined)[]): Expr[] {
  return parts.filter((part) => part !== undefined)
}
