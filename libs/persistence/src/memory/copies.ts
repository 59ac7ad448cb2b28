/**
 * Returns a frozen deep copy of plain values. Hand-written, because `structuredClone` was most of the cost of a memory transaction. Stored
 * rows are frozen, so they can be read without a copy, and an accidental modification throws.
 */
export function frozenCopy<T>(value: T): T {
  return copy(value, true)
}

export function plainCopy<T>(value: T): T {
  return copy(value, false)
}

/** Returns the frozen value that a JSON column would return: as `JSON.parse(JSON.stringify(value))`, for values with a JSON form. */
export function frozenJson<T>(value: T): T {
  return json(value) as T
}

function copy<T>(value: T, freeze: boolean): T {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return new Date(value) as T
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => copy(item, freeze))
    return (freeze ? Object.freeze(items) : items) as T
  }
  const copied: Record<string, unknown> = {}
  for (const key of Object.keys(value)) copied[key] = copy((value as Record<string, unknown>)[key], freeze)
  return (freeze ? Object.freeze(copied) : copied) as T
}

function json(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') throw new TypeError('a bigint has no JSON form')
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if ('toJSON' in value && typeof value.toJSON === 'function') return json((value.toJSON as () => unknown)())
  if (Array.isArray(value)) return Object.freeze(value.map((item: unknown) => json(item) ?? null))
  const copied: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const member = json((value as Record<string, unknown>)[key])
    if (member !== undefined) copied[key] = member
  }
  return Object.freeze(copied)
}
