import type { Json, JsonObject } from '#libs/contracts'
import { pathOf } from '#libs/policy'

const MAX_BYTES = 64 * 1024
const MAX_DEPTH = 32
const MAX_COST = 20_000
/** Keywords that load or rename schemas, and `$async`: its validator returns a promise, which is always truthy. */
const REFUSED = ['$async', '$anchor', '$dynamicAnchor', '$dynamicRef', '$recursiveAnchor', '$recursiveRef', '$vocabulary']

export class SchemaRefused extends Error {}

/**
 * Throws `SchemaRefused` for a schema that could harm the process that compiles or runs it: too large, too deep, or references that leave
 * the document, are circular or multiply (a chain of `allOf: [{$ref}, {$ref}]` doubles per link). Also checks data in `enum` and `const`.
 */
export function refuseUnsafe(schema: JsonObject): void {
  if (JSON.stringify(schema).length > MAX_BYTES) throw new SchemaRefused(`it is larger than ${MAX_BYTES} bytes`)
  const costs = new Map<object, number>()
  const open = new Set<object>()

  const costOf = (node: Json | undefined, depth: number): number => {
    if (typeof node !== 'object' || node === null) return 0
    const known = costs.get(node)
    if (known !== undefined) return known
    if (open.has(node)) throw new SchemaRefused('its $ref are circular')
    if (depth > MAX_DEPTH) throw new SchemaRefused(`it is nested more than ${MAX_DEPTH} deep`)
    open.add(node)
    let cost = 1
    for (const [key, child] of Object.entries(node)) {
      if (!Array.isArray(node)) refuseKeyword(key, child, depth)
      cost += key === '$ref' && typeof child === 'string' ? costOf(resolveRef(schema, child), depth + 1) : costOf(child, depth + 1)
      if (cost > MAX_COST) throw new SchemaRefused('its $ref multiply without bound')
    }
    open.delete(node)
    costs.set(node, cost)
    return cost
  }
  costOf(schema, 0)
}

/** Returns the target of a reference into the same document. */
export function resolveRef(root: JsonObject, ref: string): Json {
  if (ref !== '#' && !ref.startsWith('#/')) throw new SchemaRefused(`$ref ${JSON.stringify(ref)} leaves the document`)
  let node: Json | undefined = root
  for (const part of pathOf(decode(ref.slice(1))))
    node = typeof node === 'object' && node !== null && Object.hasOwn(node, part) ? (node as JsonObject)[part] : undefined
  if (node === undefined) throw new SchemaRefused(`$ref ${JSON.stringify(ref)} has no target`)
  return node
}

function refuseKeyword(key: string, value: Json | undefined, depth: number): void {
  if (REFUSED.includes(key)) throw new SchemaRefused(`${key} is not supported`)
  if (key === '$id' && depth > 0 && typeof value === 'string') throw new SchemaRefused('$id is only supported at the top')
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    throw new SchemaRefused(`$ref ${JSON.stringify(fragment)} is badly escaped`)
  }
}
