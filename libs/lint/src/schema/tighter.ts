import { isObject, type Json, type JsonObject } from '#libs/contracts'
import { resolveRef } from './refuse.js'

export type Direction = 'lower' | 'higher'
export const TIGHTER_KEYWORD = 'x-hms-tighter'

/**
 * Returns the direction in which a bound at `path` gets tighter, by the schema's `"x-hms-tighter": "lower"|"higher"`; undefined without it.
 */
export function tighterAt(root: JsonObject, path: readonly string[]): Direction | undefined {
  let nodes = applying(root, [root])
  for (const part of path)
    nodes = applying(
      root,
      nodes.flatMap((node) => step(node, part)),
    )
  const found = nodes.map((node) => node[TIGHTER_KEYWORD]).find((value) => value === 'lower' || value === 'higher')
  return found as Direction | undefined
}

/** Returns the schemas and all others that apply to the same value: references and the members of combinations. */
function applying(root: JsonObject, start: readonly (Json | undefined)[]): JsonObject[] {
  const seen = new Set<JsonObject>()
  const open = [...start]
  while (open.length > 0) {
    const node = open.pop()
    if (!isObject(node) || seen.has(node)) continue
    seen.add(node)
    if (typeof node['$ref'] === 'string') open.push(resolveRef(root, node['$ref']))
    for (const key of ['allOf', 'anyOf', 'oneOf']) {
      const members = node[key]
      if (Array.isArray(members)) open.push(...members)
    }
    open.push(node['then'], node['else'])
  }
  return [...seen]
}

function step(node: JsonObject, part: string): (Json | undefined)[] {
  const { properties, additionalProperties, prefixItems, items } = node
  if (isObject(properties) && Object.hasOwn(properties, part)) return [properties[part]]
  const tuple = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : []
  return [additionalProperties, tuple[Number(part)] ?? (Array.isArray(items) ? undefined : items)]
}
