import { isName } from '#libs/contracts'
import { ArrayMaxSize, ArrayMinSize, IsArray, IsISO8601, Matches, ValidateBy, ValidateNested } from 'class-validator'

export type Shape<T extends object = object> = new () => T
/** Converts an input value before validation. Unknown values are left for the validators to refuse. */
type Reader = (value: unknown) => unknown
/** Class of a nested object; for a list, at most `max` of them. */
export interface NestedShape {
  shape: () => Shape
  max?: number
}

const readers = new WeakMap<object, Map<string, Reader>>()
const nested = new WeakMap<object, Map<string, NestedShape>>()

/** Converts a member before it is validated. */
export function Read(read: Reader): PropertyDecorator {
  return (prototype, name) => put(readers, prototype, name, read)
}

/** A member given as text, in a query or the environment: digits become a number. */
export const toNumber = Read((value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value))

/** A member given as comma-separated text. */
export const toList = Read((value) => (typeof value === 'string' ? listOf(value) : value))

/** An optional member for which empty equals missing. */
export const emptyIsNone = Read((value) => (value === '' ? undefined : value))

/** Splits a comma-separated text. */
export function listOf(text: string): string[] {
  return text.split(',').map((part) => part.trim())
}

/** A member that is a duration, with an example for the error. */
export function isDuration(example: string): PropertyDecorator {
  return Matches(/^\d{1,9}(\.\d{1,3})?(ms|s|m|h)$/, { message: `$property must be a duration such as ${example}` })
}

/** A member that is a timestamp, RFC 3339. */
export const isInstant = IsISO8601(
  { strict: true, strictSeparator: true },
  { message: '$property must be a time, for instance 2026-01-31T00:00:00Z' },
)

/** A member that is a name, of at most `max` characters. */
export function isNameOf(max: number): PropertyDecorator {
  return ValidateBy({
    name: 'isNameOf',
    constraints: [max],
    validator: {
      validate: (text) => isName(text, max),
      defaultMessage: () =>
        `$property must be given once, have at most ${max} characters, and no control characters or half surrogate pairs`,
    },
  })
}

/** A member that is an object of another class. */
export function Nested(shape: () => Shape): PropertyDecorator {
  return (prototype, name) => {
    put(nested, prototype, name, { shape })
    ValidateNested()(prototype, name)
  }
}

/** A member that is a list of objects of another class. Elements beyond `max` are not read. */
export function NestedList(shape: () => Shape, { min = 0, max }: { min?: number; max: number }): PropertyDecorator {
  return (prototype, name) => {
    put(nested, prototype, name, { shape, max })
    for (const rule of [IsArray(), ArrayMinSize(min), ArrayMaxSize(max), ValidateNested({ each: true })]) rule(prototype, name)
  }
}

export function readerOf(shape: Shape, name: string): Reader | undefined {
  return inherited(readers, shape, name)
}

export function nestedOf(shape: Shape, name: string): NestedShape | undefined {
  return inherited(nested, shape, name)
}

/** Returns the value of the class itself, else of its nearest ancestor. */
function inherited<V>(all: WeakMap<object, Map<string, V>>, shape: Shape, name: string): V | undefined {
  for (let at = shape.prototype as object | null; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const known = all.get(at)?.get(name)
    if (known !== undefined) return known
  }
  return undefined
}

function put<V>(all: WeakMap<object, Map<string, V>>, prototype: object, name: string | symbol, value: V): void {
  const members = all.get(prototype) ?? new Map<string, V>()
  all.set(prototype, members.set(String(name), value))
}
