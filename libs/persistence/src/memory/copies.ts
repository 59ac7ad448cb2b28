/**
 * Copies of plain values, by hand: `structuredClone` was most of what a memory transaction cost. Stored rows are frozen, so that they can be
 * looked at without a copy, and a reader that changes one by mistake hears of it.
 */
export function frozenCopy<T>(value: T): T {
  return copy(value, true)
}

export function plainCopy<T>(value: T): T {
  return copy(value, false)
}

function copy<T>(value: T, freeze: boolean): T {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return new Date(value) as T
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => copy(item, freeze))
    return (freeze ? Object.freeze(items) : items) as T
  }
  const copied: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) copied[key] = copy(item, freeze)
  return (freeze ? Object.freeze(copied) : copied) as T
}
