import 'reflect-metadata'
import { isName, isObject, parseDuration, type FieldProblem } from '#libs/contracts'
import {
  ArrayMaxSize,
  ArrayMinSize,
  getMetadataStorage,
  IsArray,
  IsInt,
  IsISO8601,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateNested,
  validateSync,
  type ValidationError,
} from 'class-validator'

/** Maximum reported errors: people fix no more at a time, and a response must not grow with the request. */
export const MAX_ERRORS = 20 // guard: few-errors
const MAX_NAME = 100
const READER = Symbol('reader')

export type Shape<T extends object = object> = new () => T
/** Converts an input value before validation. Unknown values are left for the validators to refuse. */
type Reader = (value: unknown, path: string, errors: FieldProblem[]) => unknown

/** Creates an object of a class from parsed data, converted and validated; unknown members are refused. Linear time for any input. */
export function readShape<T extends object>(shape: Shape<T>, plain: unknown): { value: T; errors: FieldProblem[] } {
  if (!isObject(plain)) return { value: new shape(), errors: [{ pointer: '', detail: 'an object is expected' }] }
  const errors: FieldProblem[] = []
  const value = instantiate(shape, plain, '', errors)
  if (errors.length < MAX_ERRORS) collect(validateSync(value, { validationError: { target: false, value: false } }), '', errors)
  return { value, errors }
}

export function Read(read: Reader): PropertyDecorator {
  return Reflect.metadata(READER, read)
}

/** A member given as text, in a query or the environment: digits become a number. */
export const toNumber = Read((value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value))

export const toList = Read((value) => (typeof value === 'string' ? listOf(value) : value))

export const emptyIsNone = Read((value) => (value === '' ? undefined : value))

/** Splits a comma-separated text. */
export function listOf(text: string): string[] {
  return text.split(',').map((part) => part.trim())
}

/** A member given as a duration, and read as milliseconds, at most `mostMs`. `example` is for the error. */
export function isDuration(example: string, mostMs = Infinity): PropertyDecorator {
  const read: Reader = (text) =>
    typeof text === 'string' && /^\d{1,9}(\.\d{1,3})?(ms|s|m|h)$/.test(text) ? Math.min(parseDuration(text), mostMs) : text
  return all([IsNumber({}, { message: `$property must be a duration such as ${example}` }), Read(read)])
}

/** A member that is a timestamp, RFC 3339. */
export const isInstant = IsISO8601(
  { strict: true, strictSeparator: true },
  { message: '$property must be a time, for instance 2026-01-31T00:00:00Z' },
)

export function isNameOf(max: number): PropertyDecorator {
  return ValidateBy({
    name: 'isNameOf',
    constraints: [max],
    validator: {
      validate: (text) => isName(text, max), // guard: query-names
      defaultMessage: () =>
        `$property must be given once, have at most ${max} characters, and no control characters or half surrogate pairs`,
    },
  })
}

export function isText(max: number): PropertyDecorator {
  return all([MaxLength(max), IsString()])
}

export function isOptionalText(max: number): PropertyDecorator {
  return all([isText(max), IsOptional()])
}

/** A member that is a list of at most `max` texts. */
export function isTexts(max: number): PropertyDecorator {
  return all([IsString({ each: true }), ArrayMaxSize(max), IsArray()])
}

export const isReason = all([
  MaxLength(1_000),
  IsNotEmpty({ message: 'reason must say why' }),
  IsString(),
  Read((value) => (typeof value === 'string' ? value.trim() : value)),
])

export function isInteger(min: number, max = Number.MAX_SAFE_INTEGER): PropertyDecorator {
  return all([Max(max), Min(min), IsInt()])
}

export function isIntegerText(min: number, max?: number): PropertyDecorator {
  return all([isInteger(min, max), toNumber])
}

export function isObjects({ min, max }: { min?: number; max: number }): PropertyDecorator {
  return all([IsObject({ each: true }), ArrayMaxSize(max), ...(min === undefined ? [] : [ArrayMinSize(min)]), IsArray()])
}

export function Nested(shape: () => Shape): PropertyDecorator {
  return all([ValidateNested(), Read((value, path, errors) => readNested(shape(), value, path, errors))])
}

/** A member that is a list of objects of another class. Elements beyond `max` are not read. */
export function NestedList(shape: () => Shape, { min = 0, max }: { min?: number; max: number }): PropertyDecorator {
  const read: Reader = (value, path, errors) => {
    if (!Array.isArray(value)) return readNested(shape(), value, path, errors)
    // One more than allowed, so that the length validator detects the excess.
    return value.slice(0, max + 1).map((each: unknown, index) => readNested(shape(), each, `${path}/${index}`, errors)) // guard: list-bound
  }
  return all([IsArray(), ArrayMinSize(min), ArrayMaxSize(max), ValidateNested({ each: true }), Read(read)])
}

function all(decorators: readonly PropertyDecorator[]): PropertyDecorator {
  return (prototype, name) => {
    for (const decorator of decorators) decorator(prototype, name)
  }
}

function readNested(shape: Shape, value: unknown, path: string, errors: FieldProblem[]): unknown {
  return isObject(value) ? instantiate(shape, value, path, errors) : value
}

function instantiate<T extends object>(shape: Shape<T>, plain: Record<string, unknown>, path: string, errors: FieldProblem[]): T {
  const value = new shape()
  const known = membersOf(shape)
  for (const name in plain) {
    const reader = known.get(name)
    if (reader !== undefined) (value as Record<string, unknown>)[name] = reader(plain[name], `${path}/${name}`, errors)
    else if (errors.length < MAX_ERRORS) errors.push({ pointer: pointerOf(path, name), detail: `property ${cut(name)} should not exist` })
    else break
  }
  return value
}

function collect(problems: readonly ValidationError[], path: string, errors: FieldProblem[]): void {
  for (const { property, constraints, children } of problems) {
    const pointer = pointerOf(path, property)
    for (const detail of Object.values(constraints ?? {})) if (errors.length < MAX_ERRORS) errors.push({ pointer, detail })
    if (errors.length < MAX_ERRORS) collect(children ?? [], pointer, errors)
  }
}

const members = new WeakMap<Shape, ReadonlyMap<string, Reader>>()

/** Returns the validated members of a class and of its ancestors, each with its reader. */
function membersOf(shape: Shape): ReadonlyMap<string, Reader> {
  const known = members.get(shape)
  if (known !== undefined) return known
  const names = getMetadataStorage().getTargetValidationMetadatas(shape, '', true, false)
  const found = new Map(
    names.map(({ propertyName: name }) => [
      name,
      (Reflect.getMetadata(READER, shape.prototype as object, name) as Reader) ?? ((value: unknown) => value),
    ]),
  )
  members.set(shape, found)
  return found
}

function pointerOf(path: string, name: string): string {
  return `${path}/${cut(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function cut(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name
}
