import type { Json } from '#libs/contracts'
import { argumentsOf, partsOf, walk, type Expr } from '#libs/policy'
import type { Facts } from './facts.js'

/**
 * Steps that one question may take over all its rules. Counted before anything is evaluated, and from the texts and the facts alone, so that
 * every stage comes to the same verdict however busy its machine is. A step was measured at less than 1 µs of processor time on Node 20.
 */
export const MAX_STEPS = 100_000
/** Characters of the facts that one rule reads: string functions walk over them. */
const MAX_CHARACTERS = 16_384
const CHARACTERS_A_STEP = 64
const STEPS_OF_A_MATCH = 2_000

/** How large anything can get that an expression works on. */
interface Size {
  /** Elements of a list, or values of a document. */
  values: number
  /** Steps of a function that walks over a text. */
  text: number
}

/**
 * The most steps that an expression can take over these facts, reading them included: every part counts as often as the loops around it may
 * turn. Throws `RangeError` for too much text.
 */
export function stepsOf(expr: Expr, facts: Facts): number {
  const { values, characters } = measure(facts)
  if (characters > MAX_CHARACTERS) throw new RangeError(`what it reads has ${characters} characters, at most ${MAX_CHARACTERS} are judged`)
  const parts = [...walk(expr)]
  // Lists and texts also come from the expression itself, and only adding makes longer ones of them.
  const growth = 1 + parts.filter((part) => argumentsOf(part, '_+_') !== undefined).length
  const written = parts.reduce((sum, part) => sum + textOf(part).length, 0)
  const size = { values: (values + parts.length) * growth, text: Math.floor(((characters + written) * growth) / CHARACTERS_A_STEP) }
  return values + steps(expr, 1, size)
}

function steps(expr: Expr, times: number, size: Size): number {
  const { exprKind } = expr
  const own = times * ownSteps(expr, size)
  if (exprKind.case !== 'comprehensionExpr') return partsOf(expr).reduce((sum, part) => sum + steps(part, times, size), own)
  const { loopCondition, loopStep } = exprKind.value
  return partsOf(expr).reduce((sum, part) => sum + steps(part, part === loopCondition || part === loopStep ? times * size.values : times, size), own)
}

function ownSteps(expr: Expr, { values, text }: Size): number {
  if (expr.exprKind.case !== 'callExpr') return 1
  if (expr.exprKind.value.function === 'matches') return STEPS_OF_A_MATCH
  const compared = argumentsOf(expr, '_==_') ?? argumentsOf(expr, '_!=_') ?? argumentsOf(expr, '@in')
  // Documents and lists are compared value by value.
  const whole = compared !== undefined && !compared.some(({ exprKind }) => exprKind.case === 'constExpr')
  return 1 + text + (whole ? values : 0)
}

function textOf({ exprKind }: Expr): string {
  const constant = exprKind.case === 'constExpr' ? exprKind.value.constantKind : undefined
  return constant?.case === 'stringValue' ? constant.value : ''
}

function measure(value: Json): { values: number; characters: number } {
  if (typeof value === 'string') return { values: 1, characters: value.length }
  if (typeof value !== 'object' || value === null) return { values: 1, characters: 0 }
  const sum = { values: 1, characters: Array.isArray(value) ? 0 : Object.keys(value).join('').length }
  for (const entry of Object.values(value)) {
    const one = measure(entry ?? null)
    sum.values += one.values
    sum.characters += one.characters
  }
  return sum
}
