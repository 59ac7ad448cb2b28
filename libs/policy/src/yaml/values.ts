import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import type { Json, JsonObject } from '#libs/contracts'
import { isExact } from '../exact-number.js'
import type { Issue } from './tokens.js'

/** Keys with a special meaning elsewhere: JavaScript's prototype, and the merge key of YAML 1.1. */
const RESERVED_KEYS = new Set(['__proto__', '<<'])

/** Excludes hexadecimal and octal: those are integers, and bounded as such. */
const DECIMAL = /^[-+.\d][\d.]*(?:[eE][-+]?\d+)?$/

/** Returns the JSON value of a composed node. A value without JSON form is added to `issues` and replaced by null. */
export function toJson(node: unknown, issues: Issue[]): Json {
  if (isMap(node)) return toObject(node, issues)
  if (isSeq(node)) return node.items.map((item) => toJson(item, issues))
  if (!isScalar(node)) return null
  const { value } = node
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) {
        issues.push({ offset: offsetOf(node), rule: 'lone-surrogate', message: 'the text holds half a surrogate pair' })
      }
      return value
    case 'boolean':
      return value
    case 'number':
      return toNumber(value, node, node.source, issues)
    default:
      return null
  }
}

export function offsetOf(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0
}

function toNumber(value: number, node: Node, source: string | undefined, issues: Issue[]): number {
  const offset = offsetOf(node)
  if (!Number.isFinite(value)) {
    issues.push({ offset, rule: 'number-not-finite', message: 'infinity and not-a-number have no JSON form' })
  } else if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    issues.push({ offset, rule: 'number-too-large', message: 'integers beyond 2^53-1 lose digits', hint: 'quote it to make it a text' })
  } else if (source !== undefined && DECIMAL.test(source) && !isExact(source, value)) {
    issues.push({
      offset,
      rule: 'number-loses-digits',
      message: `${source} would become ${value}`,
      hint: 'round it, or quote it to make it a text',
    })
  }
  return value === 0 ? 0 : value
}

function toObject(map: YAMLMap, issues: Issue[]): JsonObject {
  const result: JsonObject = {}
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? key.value : undefined
    const offset = offsetOf(key as Node | null) || offsetOf(map)
    if (typeof name !== 'string') {
      const shown = isScalar(key) ? String(name) : 'a list or map'
      issues.push({ offset, rule: 'key-not-string', message: `key ${shown} is not a string`, hint: 'quote it' })
    } else if (RESERVED_KEYS.has(name)) {
      issues.push({ offset, rule: 'reserved-key', message: `key ${JSON.stringify(name)} is reserved` })
    } else if (!name.isWellFormed()) {
      issues.push({ offset, rule: 'lone-surrogate', message: 'the key holds half a surrogate pair' })
    } else if (Object.hasOwn(result, name)) {
      issues.push({ offset, rule: 'duplicate-key', message: `key ${JSON.stringify(name)} stands here twice`, hint: 'keep one of them' })
    } else {
      result[name] = toJson(value, issues)
      continue
    }
    toJson(value, issues)
  }
  return result
}
