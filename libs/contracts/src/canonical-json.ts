import type { FieldProblem } from './problem.js'

/** A JSON value as returned by `JSON.parse`. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined }
export type JsonObject = { [key: string]: Json | undefined }

/** Whether a value is an object other than `null` or an array. */
export function isObject(value: Json | undefined): value is JsonObject
export function isObject(value: unknown): value is Record<string, unknown>
export function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Follows `path` through maps and lists; returns `undefined` for a missing or inherited member. */
export function memberAt(root: Json, path: readonly string[]): Json | undefined {
  let value: Json | undefined = root
  for (const name of path)
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as JsonObject)[name] : undefined
  return value
}

/** Parses JSON; returns `undefined` for invalid JSON. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Returns the JSON text of a value; `undefined` for a value without one, such as a cycle or deep nesting. `indent`: spaces a level. */
export function jsonTextOf(value: unknown, indent?: number): string | undefined {
  try {
    return JSON.stringify(value, null, indent)
  } catch {
    return undefined
  }
}

/** JSON text of a `T` as string or bytes, kept serialised: to save work, or because its exact bytes are signed. */
export type JsonText<T, Raw = string> = Raw & { readonly textOf?: T }

/**
 * Returns canonical JSON, RFC 8785 (JCS): keys sorted by UTF-16 code units, ECMAScript form of numbers and strings; `undefined` members are
 * omitted. Throws `TypeError` for values without canonical form: NaN, infinities, integers beyond 2^53−1, lone surrogates.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
      if (Number.isInteger(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER) throw new TypeError(`${value} is beyond 2^53-1`)
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
      return canonicalObject(value as Record<string, unknown>)
    default:
      throw new TypeError(`a ${typeof value} has no JSON form`)
  }
}

function canonicalObject(value: Record<string, unknown>): string {
  let members = ''
  // The default sort compares UTF-16 code units, as RFC 8785 §3.2.3 requires.
  for (const key of Object.keys(value).sort()) {
    const member = value[key]
    if (member !== undefined) members += `${members === '' ? '' : ','}${canonicalString(key)}:${canonicalJson(member)}`
  }
  return `{${members}}`
}

/** Printable ASCII without `"` and `\`, which most strings are: the JSON form of such a string is the string in quotes. */
const PLAIN = /^[ !#-[\]-~]*$/

function canonicalString(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`
  if (!value.isWellFormed()) throw new TypeError('a lone surrogate has no canonical form')
  return JSON.stringify(value)
}

/** Returns a copy of the object without its `undefined` members. */
export function defined<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}

/** Returns the first value that is not I-JSON (RFC 7493) or that PostgreSQL cannot store (a NUL). Recursive: limit the nesting first. */
export function notInterchangeable(value: unknown): FieldProblem | undefined {
  if (typeof value === 'string') return problemOfText(value)
  if (typeof value === 'number') return problemOfNumber(value)
  if (typeof value !== 'object' || value === null) return undefined
  for (const name in value) {
    const found = problemOfText(name) ?? notInterchangeable((value as Record<string, unknown>)[name])
    if (found !== undefined) return { ...found, pointer: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}${found.pointer}` }
  }
  return undefined
}

function problemOfText(text: string): FieldProblem | undefined {
  if (text.includes('\0')) return { pointer: '', detail: 'text must not hold NUL' }
  return text.isWellFormed() ? undefined : { pointer: '', detail: 'text must not hold half a surrogate pair' }
}

function problemOfNumber(number: number): FieldProblem | undefined {
  if (!Number.isFinite(number)) return { pointer: '', detail: 'a number is too large' }
  if (!Number.isInteger(number) || Number.isSafeInteger(number)) return undefined
  return { pointer: '', detail: 'a number has more digits than every reader keeps: write it as text' }
}
