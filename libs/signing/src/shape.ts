import { isObject } from '#libs/contracts'
/** Check of a signed value, which another version of the code may have written. */
export type Check = (value: unknown) => boolean
export type Shape = Readonly<Record<string, Check>>

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

export const isText: Check = (value) => typeof value === 'string' && value !== ''
export const isBoolean: Check = (value) => typeof value === 'boolean'
export const isString: Check = (value) => typeof value === 'string'
export const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
export const isTime: Check = (value) => typeof value === 'string' && RFC3339.test(value) && !Number.isNaN(Date.parse(value))

/** Whether a value is a share in basis points: 500 is 5 %. */
export const isBasisPoints: Check = (value) => isCount(value) && (value as number) <= 10_000

export const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value)
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
export const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)
export const listOf =
  (check: Check, most = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(check)
export const objectOf =
  (shape: Shape): Check =>
  (value) =>
    misfitOf(value, shape) === undefined

/** Returns the first member of `value` that does not match `shape`, if any; `the value` if not an object. Permits other members. */
export function misfitOf(value: unknown, shape: Shape): string | undefined {
  if (!isObject(value)) return 'the value'
  return Object.keys(shape).find((member) => !shape[member]?.(value[member]))
}
