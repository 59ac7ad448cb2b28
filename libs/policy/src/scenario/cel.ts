import { CelScalar, celEnv, celFunc, celMethod, mapType, parse, plan } from '@bufbuild/cel'
import type { CelEnv, CelInput } from '@bufbuild/cel'
import type { Json, JsonObject } from '#libs/contracts'

export type Expr = ReturnType<typeof parse>['expr']

const { BOOL, DOUBLE, DYN, INT, STRING } = CelScalar
const FACTS = mapType(STRING, DYN)

/** What expressions of one kind speak of. */
export type Language = { names: readonly string[], env: CelEnv }

/** Scenarios: one reading, and policies by id. */
export const SCENARIO_LANGUAGE: Language = {
  names: ['reading', 'policy'],
  env: celEnv({ variables: { reading: FACTS, policy: FACTS }, funcs: mixedArithmetic() }),
}

/**
 * Facts of any JSON form under these names. `matches` takes texts of at most `maxText` and patterns of at most `maxPattern` characters
 * and is an error beyond them: RE2 is linear in their product, and neither is bounded by anything else.
 */
export function factLanguage(names: readonly string[], { maxText, maxPattern }: { maxText: number, maxPattern: number }): Language {
  const search = plan(celEnv({ variables: { text: STRING, pattern: STRING } }), parse('text.matches(pattern)').expr)
  const matches = celMethod('matches', STRING, [STRING], BOOL, function (this: string, pattern: string) {
    if (this.length > maxText) throw new Error(`matches() looks at texts of at most ${maxText} characters`)
    if (pattern.length > maxPattern) throw new Error(`a pattern has at most ${maxPattern} characters`)
    return search({ text: this, pattern }) as boolean
  })
  const variables = Object.fromEntries(names.map((name) => [name, DYN]))
  return { names, env: celEnv({ variables, funcs: [...mixedArithmetic(), matches] }) }
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
  return new Map(Object.entries(object).filter(([, value]) => value !== undefined).map(([key, value]) => [key, toCel(value)]))
}

function mixedArithmetic() {
  const operators: [string, (a: number, b: number) => number][] = [
    ['_+_', (a, b) => a + b], ['_-_', (a, b) => a - b], ['_*_', (a, b) => a * b], ['_/_', (a, b) => a / b],
  ]
  return operators.flatMap(([name, apply]) => [
    celFunc(name, [DOUBLE, INT], DOUBLE, (a, b) => apply(a, Number(b))),
    celFunc(name, [INT, DOUBLE], DOUBLE, (a, b) => apply(Number(a), b)),
  ])
}
