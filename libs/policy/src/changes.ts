import { canonicalJson } from '#libs/contracts'
import type { Json, JsonObject } from '#libs/contracts'
import type { PolicyDocument } from './document.js'

export type ChangeKind = 'added' | 'removed' | 'changed'

/** One field that differs. `units` is that of the nearest enclosing map, for numbers only. */
export type FieldChange = {
  /** Dotted path: `limits.daily`, `steps.0.value`; a key that is no plain word stands in quotes. */
  field: string
  from?: Json
  to?: Json
  kind: ChangeKind
  units?: string
}

export type Change = { path: string[]; from?: Json; to?: Json; kind: ChangeKind }

/**
 * What a reader of the policy would notice, in the order of the file; `id` and `version` are left out, since they name the two sides.
 * Against `undefined` (a first version) every field is added.
 */
export function diffPolicies(from: PolicyDocument | undefined, to: PolicyDocument): FieldChange[] {
  return changesBetween(from ?? {}, to)
    .filter(({ path }) => path.length > 1 || (path[0] !== 'id' && path[0] !== 'version'))
    .map(({ path, ...change }) => {
      const units =
        typeof (change.to ?? change.from) === 'number' ? unitsAt(change.kind === 'removed' ? (from ?? {}) : to, path) : undefined
      return { field: fieldOf(path), ...change, ...(units === undefined ? {} : { units }) }
    })
}

/** Every value of a policy by its field, maps and lists included, with units as a difference gives them. */
export function fieldsOf(document: JsonObject): Map<string, { value: Json; units?: string }> {
  const found = new Map<string, { value: Json; units?: string }>()
  const add = (value: Json, path: string[]): void => {
    const units = typeof value === 'number' ? unitsAt(document, path) : undefined
    if (path.length > 0) found.set(fieldOf(path), { value, ...(units === undefined ? {} : { units }) })
    const items = isObject(value) || Array.isArray(value) ? Object.entries(value) : []
    for (const [key, item] of items) if (item !== undefined) add(item, [...path, key])
  }
  add(document, [])
  return found
}

export function fieldOf(path: readonly string[]): string {
  return path.map((key) => (/^[\p{L}\p{N}_-]+$/u.test(key) ? key : JSON.stringify(key))).join('.')
}

/** Maps are compared by key, lists of equal length by index; a list whose length changed is one changed value. */
export function changesBetween(from: JsonObject, to: JsonObject): Change[] {
  return compareObjects(from, to, [])
}

function compareObjects(from: JsonObject, to: JsonObject, path: string[]): Change[] {
  const keys = new Set([...Object.keys(to), ...Object.keys(from)])
  return [...keys].flatMap((key) => compare(member(from, key), member(to, key), [...path, key]))
}

function compare(from: Json | undefined, to: Json | undefined, path: string[]): Change[] {
  if (from === undefined) return to === undefined ? [] : [{ path, to, kind: 'added' }]
  if (to === undefined) return [{ path, from, kind: 'removed' }]
  if (isObject(from) && isObject(to)) return compareObjects(from, to, path)
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
    return from.flatMap((item, index) => compare(item, to[index], [...path, String(index)]))
  }
  return canonicalJson(from) === canonicalJson(to) ? [] : [{ path, from, to, kind: 'changed' }]
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

function member(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
