import { celEnv, type CelEnv, celFunc, type CelInput, celMethod, CelScalar, mapType, type parse } from '@bufbuild/cel'
import { type Json, type JsonObject, remembered } from '#libs/contracts'
import { compilePattern, type Pattern } from '#libs/pattern'

export type Expr = ReturnType<typeof parse>['expr']

const { BOOL, DOUBLE, DYN, INT, STRING } = CelScalar
const FACTS = mapType(STRING, DYN)
/** Maximum characters of a text, and of a pattern, for `matches`. */
const MAX_TEXT = 1_024
const MAX_PATTERN = 128
/** Maximum instructions of a pattern, and pattern steps of one match. They bound the fixed cost that `costOf` charges for a match. */
const MAX_PROGRAM = 500
const MAX_MATCH_STEPS = 40_000
/** Maximum number of cached compiled patterns. */
const MAX_KNOWN = 64

/** Names available to expressions of one kind. */
export type Language = { names: readonly string[]; env: CelEnv }

/** Language of scenarios: one reading, and policies by id. */
export const SCENARIO_LANGUAGE: Language = {
  names: ['reading', 'policy'],
  env: celEnv({ variables: { reading: FACTS, policy: FACTS }, funcs: [...mixedArithmetic(), boundedMatches()] }),
}

/** Creates a language in which each of these names is a fact of any JSON type. */
export function factLanguage(names: readonly string[]): Language {
  const variables = Object.fromEntries(names.map((name) => [name, DYN]))
  return { names, env: celEnv({ variables, funcs: [...mixedArithmetic(), boundedMatches()] }) }
}

/** Defines `matches` with limits: the cost of a match must be known beforehand (`costOf`). Patterns are cached: most are literals. */
function boundedMatches() {
  const known = new Map<string, Pattern>()
  const compiled = (pattern: string) => remembered(known, MAX_KNOWN, pattern, () => compilePattern(pattern, MAX_PROGRAM))
  return celMethod('matches', STRING, [STRING], BOOL, function (this: string, pattern: string) {
    if (this.length > MAX_TEXT) throw new Error(`matches() looks at texts of at most ${MAX_TEXT} characters`)
    if (pattern.length > MAX_PATTERN) throw new Error(`a pattern has at most ${MAX_PATTERN} characters`)
    return compiled(pattern).test(this, { left: MAX_MATCH_STEPS }) // guard: match-steps
  })
}

/**
 * Converts JSON to CEL. Every number becomes a double: the author of `reading.pm25 > …` cannot know whether a reading has a decimal point.
 * Literals of an expression stay ints, so arithmetic of ints with doubles is added below (`reading.pm25 * 2`); comparison already works.
 */
export function toCel(value: Json | undefined): CelInput {
  if (value === undefined || value === null) return null
  if (Array.isArray(value)) return value.map(toCel)
  return typeof value === 'object' ? toCelMap(value) : value
}

export function toCelMap(object: JsonObject): Map<string, CelInput> {
  return new Map(
    Object.entries(object)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, toCel(value)]),
  )
}

function mixedArithmetic() {
  const operators: [string, (a: number, b: number) => number][] = [
    ['_+_', (a, b) => a + b],
    ['_-_', (a, b) => a - b],
    ['_*_', (a, b) => a * b],
    ['_/_', (a, b) => a / b],
  ]
  return operators.flatMap(([name, apply]) => [
    celFunc(name, [DOUBLE, INT], DOUBLE, (a, b) => apply(a, Number(b))),
    celFunc(name, [INT, DOUBLE], DOUBLE, (a, b) => apply(Number(a), b)),
  ])
}
