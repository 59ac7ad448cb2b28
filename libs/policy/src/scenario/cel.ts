import { CelScalar, celEnv, celFunc, mapType, parse } from '@bufbuild/cel'
import type { CelEnv, CelInput } from '@bufbuild/cel'
import type { Json, JsonObject } from '#libs/contracts'

export type Expr = ReturnType<typeof parse>['expr']

const { DOUBLE, DYN, INT, STRING } = CelScalar
const FACTS = mapType(STRING, DYN)

/**
 * Every JSON number becomes a CEL double, whole or not: the author of `reading.pm25 > …` cannot know whether a reading has a point.
 * Literals of an expression stay ints, so arithmetic between both is added here (`reading.pm25 * 2`); comparison has it already.
 */
export const environment: CelEnv = celEnv({ variables: { reading: FACTS, policy: FACTS }, funcs: mixedArithmetic() })

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
