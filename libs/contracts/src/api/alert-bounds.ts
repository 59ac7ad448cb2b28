import { canonicalJson, type Json, type JsonObject } from '../canonical-json.js'

/** Limit of a reading in canonical form (RFC 8785), UTF-8. An alert's data travel to every stage and are kept for a week. */
export const MAX_READING_BYTES = 16 * 1024
const MAX_READING_DEPTH = 12

/** Returns why a reading is rejected; `undefined` if an alert may contain it. SDK, HTTP and the topic apply the same rule. */
export function readingProblem(reading: JsonObject | null): string | undefined {
  if (reading === null) return undefined
  if (depthOf(reading, 0) > MAX_READING_DEPTH) return `reading is nested more than ${MAX_READING_DEPTH} deep`
  const text = textOf(reading)
  if (text === undefined) return 'reading holds half a surrogate pair, or a number that JSON cannot tell exactly'
  if (text.includes(String.raw`\u0000`) && holdsNul(reading)) return 'reading holds a NUL character'
  return new TextEncoder().encode(text).length > MAX_READING_BYTES ? `reading is larger than ${MAX_READING_BYTES / 1024} KiB` : undefined
}

/** Whether every store and log can store the text: no NUL, no unpaired surrogate. */
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
