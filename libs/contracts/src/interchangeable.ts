interface Fault {
  /** JSON pointer (RFC 6901). */
  pointer: string
  detail: string
}

/**
 * Returns the first value that other parsers would read differently, or that cannot be stored: a number or text outside of I-JSON (RFC
 * 7493), or a NUL, which PostgreSQL cannot store. Recursive: bound the nesting first.
 */
export function notInterchangeable(value: unknown): Fault | undefined {
  if (typeof value === 'string') return ofText(value)
  if (typeof value === 'number') return ofNumber(value)
  if (typeof value !== 'object' || value === null) return undefined
  for (const name in value) {
    const found = ofText(name) ?? notInterchangeable((value as Record<string, unknown>)[name])
    if (found !== undefined) return { ...found, pointer: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}${found.pointer}` }
  }
  return undefined
}

function ofText(text: string): Fault | undefined {
  if (text.includes('\0')) return { pointer: '', detail: 'text must not hold NUL' }
  return text.isWellFormed() ? undefined : { pointer: '', detail: 'text must not hold half a surrogate pair' }
}

function ofNumber(number: number): Fault | undefined {
  if (!Number.isFinite(number)) return { pointer: '', detail: 'a number is too large' }
  if (!Number.isInteger(number) || Number.isSafeInteger(number)) return undefined
  return { pointer: '', detail: 'a number has more digits than every reader keeps: write it as text' }
}
