import { canonicalJson, type Json, type JsonObject } from './canonical-json.js'

/** Maximum size of a reading in canonical form (RFC 8785), UTF-8. The reading is part of an alert event, which topics retain for a week. */
export const MAX_READING_BYTES = 16 * 1024
const MAX_READING_DEPTH = 12

/** Returns why a reading is rejected; `undefined` if an alert may contain it. The SDK, the HTTP endpoint and topic readers call it. */
export function readingProblem(reading: JsonObject | null): string | undefined {
  if (reading === null) return undefined
  if (depthOf(reading, 0) > MAX_READING_DEPTH) return `reading is nested more than ${MAX_READING_DEPTH} deep`
  const text = textOf(reading)
  if (text === undefined) return 'reading holds half a surrogate pair, or a number that JSON cannot tell exactly'
  if (text.includes(String.raw`\u0000`) && holdsNul(reading)) return 'reading holds a NUL character'
  // guard: alert-reading
  return new TextEncoder().encode(text).length > MAX_READING_BYTES ? `reading is larger than ${MAX_READING_BYTES / 1024} KiB` : undefined
}

/** Whether every store and log can store the text: no NUL, no unpaired surrogate. */
export function isPlainText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

/** Returns the depth of a value, at most one above the limit: a hostile reading may be thousands of levels deep. */
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

/** Longest id of a policy, partner, freeze, scenario, bot or schema. */
export const MAX_ID = 100
/** Longest top-level key of a policy; `FIELD` in OFREP flag keys. */
export const MAX_POLICY_KEY = 256
/** Longest recipient address of a mail (RFC 5321 §4.5.3.1.3, without the angle brackets). */
export const MAX_EMAIL_ADDRESS = 254

/** Longest OFREP flag key, `ID.FIELD`. */
const MAX_FLAG = MAX_ID + '.'.length + MAX_POLICY_KEY
/** Parts of a delivery id, `CAUSE.POLICY.PARTNER.CHANNEL`. The cause names a run, head or ticket; the channel is a kind and a number. */
const MAX_CAUSE = 64
const MAX_CHANNEL_NAME = 32
const MAX_DELIVERY_ID = [MAX_CAUSE, MAX_ID, MAX_ID, MAX_CHANNEL_NAME].reduce((sum, length) => sum + '.'.length + length)
/** Token of an unsubscribe link, `sealed.v1.KEY.BASE64URL`: the base64url part has nonce, ciphertext of `["PARTNER","ADDRESS"]` and tag. */
const SEALED_PREFIX = 'sealed.v1.0123456789abcdef.'
const NONCE_AND_TAG_BYTES = 28
const MAX_ADDRESSEE_BYTES = MAX_ID + MAX_EMAIL_ADDRESS + '["",""]'.length
export const MAX_UNSUBSCRIBE_TOKEN = SEALED_PREFIX.length + Math.ceil(((NONCE_AND_TAG_BYTES + MAX_ADDRESSEE_BYTES) * 4) / 3)

/** Longest path parameter in decoded characters: long enough for every id above. */
export const MAX_PATH_PARAMETER = Math.max(MAX_FLAG, MAX_DELIVERY_ID, MAX_UNSUBSCRIBE_TOKEN)

/** Maximum entries of a list response. A client reports that a list may be incomplete if it has this many entries. */
export const MAX_RUNS_LISTED = 100
export const MAX_TICKETS_LISTED = 100
export const MAX_APPROVALS_LISTED = 200
/** Maximum dead letters in the list of one service. */
export const DEAD_LETTERS_LISTED = 100
