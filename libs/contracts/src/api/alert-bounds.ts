import { canonicalJson, type Json, type JsonObject } from '../canonical-json.js'

/** Of a reading in its canonical form (RFC 8785), UTF-8. What comes with an alert travels to every stage and is kept for a week. */
export const MAX_READING_BYTES = 16 * 1024
const MAX_READING_DEPTH = 12

/** Why a reading is refused; `undefined` when an alert may bring it. The same rule at the SDK, over HTTP and on the topic. */
export function readingProblem(reading: JsonObject | null): string | undefined {
  if (reading === null) return undefined
  if (depthOf(reading, 0) > MAX_READING_DEPTH) return `reading is nested more than ${MAX_READING_DEPTH} deep`
  const text = textOf(reading)
  if (text === undefined) return 'reading holds half a surrogate pair, or a number that JSON cannot tell exactly'
  if (text.includes(String.raw`\u0000`) && holdsNul(reading)) return 'reading holds a NUL character'
  return new TextEncoder().encode(text).length > MAX_READING_BYTES ? `reading is larger than ${MAX_READING_BYTES / 1024} KiB` : undefined
}

/** Whether every store and log can hold the text: no NUL, no half of a surrogate pair. */
export function isPlainText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

/** Stops at the bound: a hostile reading may be thousands of levels deep. */
function depthOf(value: Json | undefined, above: number): number {
  if (typeof value !== 'object' || value === null || above > MAX_READING_DEPTH) return above
  return Object.values(value).reduce<number>((deepest, entry) => Math.max(deepest, depthOf(entry, above + 1)), above + 1)
}

function textOf(reading: JsonObject): string | undefined {
  try {
    return canonicalJson(reading)
  } catch {
    return undefined
  }
}

function holdsNul(value: Json | undefined): boolean {
  if (typeof value === 'string') return value.includes('\0')
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, entry]) => key.includes('\0') || holdsNul(entry))
}
