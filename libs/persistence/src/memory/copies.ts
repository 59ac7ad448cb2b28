/**
 * Copies of plain values, by hand: `structuredClone` was most of what a memory transaction cost. Stored rows are frozen, so that they can
 * be looked at without a copy, and a reader that changes one by mistake hears of it.
 */
export function frozenCopy<T>(value: T): T {
  return copy(value, true)
}

export function plainCopy<T>(value: T): T {
  return copy(value, false)
}

/** What comes back from a column of JSON, frozen: as `JSON.parse(JSON.stringify(value))`, for values that have a JSON form at all. */
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
