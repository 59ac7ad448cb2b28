import { createRequire } from 'node:module'
import type { CelEnv, CelInput, parse } from '@bufbuild/cel'
import type { Json, JsonObject } from '#libs/contracts'
import { compilePattern, type Pattern } from '#libs/pattern'

export type Expr = ReturnType<typeof parse>['expr']

/** Maximum characters of a text, and of a pattern, for `matches`. */
const MAX_TEXT = 1_024
const MAX_PATTERN = 128
/** Maximum instructions of a pattern, and pattern steps of one match. They bound the fixed cost that `costOf` charges for a match. */
const MAX_PROGRAM = 500
const MAX_MATCH_STEPS = 40_000
/** Maximum number of cached compiled patterns. */
const MAX_KNOWN = 64

let loaded: typeof import('@bufbuild/cel') | undefined

/** Returns the CEL library, loaded by the first expression: which few processes have: it takes 7 MB. */
export function cel(): typeof import('@bufbuild/cel') {
  return (loaded ??= createRequire(import.meta.url)('@bufbuild/cel') as typeof import('@bufbuild/cel'))
}

/** Names available to expressions of one kind. */
export class Language {
  private created: CelEnv | undefined

  /** `type`: CEL type of every name. */
  constructor(
    readonly names: readonly string[],
    private readonly type: 'map' | 'any',
  ) {}

  get env(): CelEnv {
    return (this.created ??= this.createEnv())
  }

  private createEnv(): CelEnv {
    const { CelScalar, celEnv, mapType } = cel()
    const type = this.type === 'any' ? CelScalar.DYN : mapType(CelScalar.STRING, CelScalar.DYN)
    const variables = Object.fromEntries(this.names.map((name) => [name, type]))
    return celEnv({ variables, funcs: [...mixedArithmetic(), boundedMatches()] })
  }
}

/** Language of scenarios: one reading, and policies by id. */
export const SCENARIO_LANGUAGE = new Language(['reading', 'policy'], 'map')

/**
 * Defines `matches` with limits. The cost of a match must be known beforehand (see `costOf`), so longer texts and patterns, larger programs
 * and more steps are an error. Patterns are cached, because they are mostly literals of the expression.
 */
function boundedMatches() {
  const known = new Map<string, Pattern>()
  const compiled = (pattern: string): Pattern => {
    const found = known.get(pattern)
    if (found !== undefined) return found
    const fresh = compilePattern(pattern, MAX_PROGRAM)
    if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value!)
    known.set(pattern, fresh)
    return fresh
  }
  const { celMethod, CelScalar } = cel()
  return celMethod('matches', CelScalar.STRING, [CelScalar.STRING], CelScalar.BOOL, function (this: string, pattern: string) {
    if (this.length > MAX_TEXT) throw new Error(`matches() looks at texts of at most ${MAX_TEXT} characters`)
    if (pattern.length > MAX_PATTERN) throw new Error(`a pattern has at most ${MAX_PATTERN} characters`)
    return compiled(pattern).test(this, { left: MAX_MATCH_STEPS }) // guard: match-steps
  })
}

/**
 * Converts JSON to CEL. Every JSON number becomes a CEL double, whole or not: the author of `reading.pm25 > …` cannot know whether a
 * reading has a decimal point. Literals of an expression stay ints, so arithmetic between both is added below (`reading.pm25 * 2`);
 * comparison already supports it.
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
  const { celFunc, CelScalar } = cel()
  const { DOUBLE, INT } = CelScalar
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
