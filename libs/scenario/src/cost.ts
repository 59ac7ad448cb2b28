import type { Json } from '#libs/contracts'
import type { Expr } from './cel.js'
import { argumentsOf, partsOf, walk } from './expression-tree.js'

/**
 * Maximum steps of one question, such as an alert judged by several scenarios, for all its expressions. Counted before evaluation, from
 * texts and facts only, so every stage gets the same verdict however busy it is. A step took less than 1 µs of processor time on Node 20.
 */
export const MAX_STEPS = 100_000
/** Maximum characters of the facts that one expression reads, because string functions iterate over them. */
const MAX_CHARACTERS = 16_384
const CHARACTERS_A_STEP = 64
const STEPS_OF_A_MATCH = 2_000

/** Remaining steps of the current question, shared by all its expressions. */
export interface Budget {
  steps: number
}

/** Size of the facts. */
export interface Extent {
  /** Number of list elements and document values. */
  values: number
  characters: number
}

/** Steps at one loop depth: a fixed part, and parts that grow with the longest text and with the number of values. */
interface StepCounts {
  fixed: number
  texts: number
  values: number
}

/** Returns a function from the size of the facts to the maximum steps; loops multiply. It throws `RangeError` for too much text. */
export function costOf(expr: Expr): (facts: Extent) => number {
  const parts = [...walk(expr)]
  // The expression itself may contain lists and texts, and only addition makes longer ones.
  const growth = 1 + parts.filter((part) => argumentsOf(part, '_+_') !== undefined).length
  const literalCharacters = parts.reduce((sum, part) => sum + textOf(part).length, 0)
  const byDepth: StepCounts[] = []
  addSteps(expr, 0, byDepth)
  return ({ values, characters }) => {
    if (characters > MAX_CHARACTERS)
      throw new RangeError(`the expression reads ${characters} characters; at most ${MAX_CHARACTERS} can be evaluated`)
    const mostValues = (values + parts.length) * growth
    const text = Math.floor(((characters + literalCharacters) * growth) / CHARACTERS_A_STEP)
    return byDepth.reduce(
      (sum, counts, loops) => sum + mostValues ** loops * (counts.fixed + counts.texts * text + counts.values * mostValues),
      values,
    )
  }
}

/** Charges steps to the budget before they are executed. Throws `RangeError` if too few are left. */
export function spend(budget: Budget, steps: number): void {
  if (steps > budget.steps) throw new RangeError('the evaluation would exceed the step limit')
  budget.steps -= steps
}

export function extentOf(value: Json | undefined): Extent {
  if (typeof value === 'string') return { values: 1, characters: value.length }
  if (typeof value !== 'object' || value === null) return { values: 1, characters: 0 }
  const sum = { values: 1, characters: Array.isArray(value) ? 0 : Object.keys(value).join('').length }
  for (const entry of Object.values(value)) {
    const one = extentOf(entry ?? null)
    sum.values += one.values
    sum.characters += one.characters
  }
  return sum
}

function addSteps(expr: Expr, loops: number, byDepth: StepCounts[]): void {
  const counts = (byDepth[loops] ??= { fixed: 0, texts: 0, values: 0 })
  const own = ownSteps(expr)
  counts.fixed += own.fixed
  counts.texts += own.texts
  counts.values += own.values
  const { exprKind } = expr
  const { loopCondition, loopStep } = exprKind.case === 'comprehensionExpr' ? exprKind.value : {}
  for (const part of partsOf(expr)) addSteps(part, part === loopCondition || part === loopStep ? loops + 1 : loops, byDepth)
}

function ownSteps(expr: Expr): StepCounts {
  if (expr.exprKind.case !== 'callExpr') return { fixed: 1, texts: 0, values: 0 }
  if (expr.exprKind.value.function === 'matches') return { fixed: STEPS_OF_A_MATCH, texts: 0, values: 0 }
  const compared = argumentsOf(expr, '_==_') ?? argumentsOf(expr, '_!=_') ?? argumentsOf(expr, '@in')
  // Documents and lists are compared value by value.
  const isByValue = compared !== undefined && !compared.some(({ exprKind }) => exprKind.case === 'constExpr')
  return { fixed: 1, texts: 1, values: isByValue ? 1 : 0 }
}

function textOf({ exprKind }: Expr): string {
  const constant = exprKind.case === 'constExpr' ? exprKind.value.constantKind : undefined
  return constant?.case === 'stringValue' ? constant.value : ''
}
