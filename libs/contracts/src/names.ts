/** Longest name of a bot, and of a region, in UTF-16 units. */
export const MAX_BOT_NAME = 200
export const MAX_REGION_NAME = 64

// Controls, unpaired surrogates, line separators, and bidirectional formatting: databases reject them, logs and terminals interpret them.
const UNNAMEABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u

/** Whether a text is a valid name from an external source: of a bot, a region, a kind, an id. Never empty. */
export function isName(text: unknown, maxLength: number): text is string {
  return typeof text === 'string' && text !== '' && text.length <= maxLength && !UNNAMEABLE.test(text)
}
