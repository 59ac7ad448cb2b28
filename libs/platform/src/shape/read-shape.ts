import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator'
import { nestedOf, readerOf, type Shape } from './members.js'

/** Maximum reported errors: people fix no more at a time, and a response must not grow with the request. */
export const MAX_ERRORS = 20
const MAX_NAME = 100

export interface ShapeError {
  /** JSON pointer (RFC 6901). */
  pointer: string
  detail: string
}

/**
 * Creates an object of a class from parsed data: members are converted by their decorators, validated by class-validator, and unknown ones
 * are refused. Takes linear time for any input.
 */
export function readShape<T extends object>(shape: Shape<T>, plain: unknown): { value: T; errors: ShapeError[] } {
  if (!isPlainObject(plain)) return { value: new shape(), errors: [{ pointer: '', detail: 'an object is expected' }] }
  const errors: ShapeError[] = []
  const value = instantiate(shape, plain, '', errors)
  if (errors.length < MAX_ERRORS) collect(validateSync(value, { validationError: { target: false, value: false } }), '', errors)
  return { value, errors }
}

function instantiate<T extends object>(shape: Shape<T>, plain: Record<string, unknown>, path: string, errors: ShapeError[]): T {
  const value = new shape()
  const known = membersOf(shape)
  for (const name in plain) {
    if (known.has(name)) (value as Record<string, unknown>)[name] = read(shape, name, plain[name], `${path}/${name}`, errors)
    else if (errors.length < MAX_ERRORS) errors.push({ pointer: pointerOf(path, name), detail: `property ${cut(name)} should not exist` })
    else break
  }
  return value
}

function read(shape: Shape, name: string, plain: unknown, path: string, errors: ShapeError[]): unknown {
  const inner = nestedOf(shape, name)
  if (inner === undefined) return (readerOf(shape, name) ?? same)(plain)
  const one = (each: unknown, at: string): unknown => (isPlainObject(each) ? instantiate(inner.shape(), each, at, errors) : each)
  if (inner.max === undefined || !Array.isArray(plain)) return one(plain, path)
  // One more than allowed, so that the length validator detects the excess.
  return plain.slice(0, inner.max + 1).map((each: unknown, index) => one(each, `${path}/${index}`))
}

function collect(problems: readonly ValidationError[], path: string, errors: ShapeError[]): void {
  for (const { property, constraints, children } of problems) {
    const pointer = pointerOf(path, property)
    for (const detail of Object.values(constraints ?? {})) if (errors.length < MAX_ERRORS) errors.push({ pointer, detail })
    if (errors.length < MAX_ERRORS) collect(children ?? [], pointer, errors)
  }
}

const members = new WeakMap<Shape, ReadonlySet<string>>()

function membersOf(shape: Shape): ReadonlySet<string> {
  const known =
    members.get(shape) ??
    new Set(
      getMetadataStorage()
        .getTargetValidationMetadatas(shape, '', true, false)
        .map(({ propertyName }) => propertyName),
    )
  members.set(shape, known)
  return known
}

function pointerOf(path: string, name: string): string {
  return `${path}/${cut(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function cut(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function same(value: unknown): unknown {
  return value
}
