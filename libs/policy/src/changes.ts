import { canonicalJson, fieldOf, isObject, type FieldDifference, type Json, type JsonObject } from '#libs/contracts'
import type { PolicyDocument } from './document.js'

export type ChangeKind = 'added' | 'removed' | 'changed'

/** Field that differs in value or unit. Numbers and lists of numbers have the unit of the nearest enclosing map. */
export type FieldChange = Omit<FieldDifference, 'text' | 'remarks'> & { kind: ChangeKind }

export type Change = { path: string[]; from?: Json; to?: Json; kind: ChangeKind }

/** Returns the differences in the order of the file, without `id` and `version`. Without `from` (a first version) all are added. */
export function diffPolicies(from: PolicyDocument | undefined, to: PolicyDocument): FieldChange[] {
  const before: JsonObject = from ?? {}
  const measured = (path: readonly string[]) => ({ before: unitsAt(before, path), after: unitsAt(to, path) })
  return compareObjects(before, to, [], measured)
    .filter(({ path }) => path.length > 1 || (path[0] !== 'id' && path[0] !== 'version'))
    .map(({ path, ...change }) => ({ field: fieldOf(path), ...change, ...unitsOf(change, measured(path)) }))
}

type Units = { before: string | undefined; after: string | undefined }

function unitsOf({ kind, from, to }: Omit<Change, 'path'>, { before, after }: Units): Pick<FieldChange, 'units' | 'unitsBefore'> {
  const [unitsFrom, unitsTo] = [isMeasured(from) ? before : undefined, isMeasured(to) ? after : undefined]
  const units = kind === 'removed' ? unitsFrom : unitsTo
  const isOther = kind === 'changed' && unitsFrom !== unitsTo
  return { ...(units === undefined ? {} : { units }), ...(isOther ? { unitsBefore: unitsFrom ?? null } : {}) }
}

function isMeasured(value: Json | undefined): boolean {
  return typeof value === 'number' || (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number'))
}

/** Compares maps by key, and lists of equal length by index; a list of changed length is one changed value. */
export function changesBetween(from: JsonObject, to: JsonObject): Change[] {
  return compareObjects(from, to, [])
}

/** Returns the units of a path on both sides. With it, an equal number in another unit counts as a change. */
type Measured = (path: readonly string[]) => Units

function compareObjects(from: JsonObject, to: JsonObject, path: string[], measured?: Measured): Change[] {
  const keys = new Set([...Object.keys(to), ...Object.keys(from)])
  return [...keys].flatMap((key) => compare(member(from, key), member(to, key), [...path, key], measured))
}

function compare(from: Json | undefined, to: Json | undefined, path: string[], measured?: Measured): Change[] {
  if (from === undefined) return to === undefined ? [] : [{ path, to, kind: 'added' }]
  if (to === undefined) return [{ path, from, kind: 'removed' }]
  if (isObject(from) && isObject(to)) return compareObjects(from, to, path, measured)
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length)
    return from.flatMap((item, index) => compare(item, to[index], [...path, String(index)], measured))
  return canonicalJson(from) === canonicalJson(to) && !isRemeasured(from, path, measured) ? [] : [{ path, from, to, kind: 'changed' }]
}

function isRemeasured(value: Json, path: readonly string[], measured?: Measured): boolean {
  if (measured === undefined || typeof value !== 'number') return false
  const { before, after } = measured(path)
  return before !== after
}

function unitsAt(document: JsonObject, path: readonly string[]): string | undefined {
  let node: Json | undefined = document
  let units: string | undefined
  for (const part of path) {
    if (isObject(node) && typeof member(node, 'units') === 'string') units = member(node, 'units') as string
    node = Array.isArray(node) ? node[Number(part)] : isObject(node) ? member(node, part) : undefined
  }
  return units
}

/** Returns `null`, `list`, or the JavaScript type of a JSON value. */
export function typeOfJson(value: Json | undefined): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'list' : typeof value
}

function member(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
