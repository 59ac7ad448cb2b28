import { CelScalar, celEnv, celFunc, celMethod, mapType, parse, plan } from '@bufbuild/cel'
import type { CelEnv, CelInput } from '@bufbuild/cel'
import type { Json, JsonObject } from '#libs/contracts'

export type Expr = ReturnType<typeof parse>['expr']

const { BOOL, DOUBLE, DYN, INT, STRING } = CelScalar
const FACTS = mapType(STRING, DYN)
/** Characters that `matches` takes. */
const MAX_TEXT = 1_024
const MAX_PATTERN = 128

/** What expressions of one kind speak of. */
export type Language = { names: readonly string[]; env: CelEnv }

/** Scenarios: one reading, and policies by id. */
export const SCENARIO_LANGUAGE: Language = {
  names: ['reading', 'policy'],
  env: celEnv({ variables: { reading: FACTS, policy: FACTS }, funcs: [...mixedArithmetic(), boundedMatches()] }),
}

/** Facts of any JSON form under these names. */
export function factLanguage(names: readonly string[]): Language {
  const variables = Object.fromEntries(names.map((name) => [name, DYN]))
  return { names, env: celEnv({ variables, funcs: [...mixedArithmetic(), boundedMatches()] }) }
}

/** RE2 is linear in the product of text and pattern: longer ones are an error, so that a match has a price that can be told beforehand. */
function boundedMatches() {
  const search = plan(celEnv({ variables: { text: STRING, pattern: STRING } }), parse('text.matches(pattern)').expr)
  return celMethod('matches', STRING, [STRING], BOOL, function (this: string, pattern: string) {
    if (this.length > MAX_TEXT) throw new Error(`matches() looks at texts of at most ${MAX_TEXT} characters`)
    if (pattern.length > MAX_PATTERN) throw new Error(`a pattern has at most ${MAX_PATTERN} characters`)
    return search({ text: this, pattern }) as boolean
  })
}

/**
 * Every JSON number becomes a CEL double, whole or not: the author of `reading.pm25 > …` cannot know whether a reading has a point.
 * Literals of an expression stay ints, so arithmetic between both is added below (`reading.pm25 * 2`); comparison has it already.
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
