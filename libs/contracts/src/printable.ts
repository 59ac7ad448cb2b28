/** Characters that move a cursor, hide text or break a line: controls, formatting, separators. Part of a character class. */
export const CONTROL_CLASS = String.raw`\p{Cc}\p{Cf}\p{Zl}\p{Zp}`

/**
 * Characters that a terminal interprets or does not show: `CONTROL_CLASS`, unpaired surrogates, and invisible characters such as Hangul
 * fillers, which are letters by category. Variation selectors are safe: they only choose between two glyphs of a character.
 */
const UNSAFE = new RegExp(String.raw`[${CONTROL_CLASS}\p{Cs}]|(?![\uFE00-\uFE0F])\p{Default_Ignorable_Code_Point}`, 'gu')
const CONTROL_PATTERN = new RegExp(`[${CONTROL_CLASS}]`, 'gu')

/** Replaces control characters by U+FFFD, so that untrusted text cannot forge a line or a header. */
export function withoutControls(text: string): string {
  return text.toWellFormed().replace(CONTROL_PATTERN, '\uFFFD')
}

/** Returns the text as PostgreSQL can store it as text or jsonb: NUL and unpaired surrogates are replaced by U+FFFD. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed()
}

/** Returns untrusted text as one line for a terminal: characters that move the cursor or hide text are escaped as `\u{1b}`. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/** Quotes a text that does not match `plain`, because it could be read as other words of its line. */
export function quotedUnless(plain: RegExp, text: string): string {
  return plain.test(text) ? text : JSON.stringify(text) // guard: consent-quotes
}

/** Returns printable JSON of the same value. `indent` as in `JSON.stringify`; line breaks between values are kept. */
export function printableJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent) ?? 'null'
  return text.replaceAll(UNSAFE, (found) =>
    found === '\n'
      ? found
      : [...Array(found.length).keys()].map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}

/** Returns the text with an upper-case first letter. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Formats a number as `7,703`. */
export function numberText(value: number): string {
  return value.toLocaleString('en-US')
}

/** Formats the readings left out of the counts, as a clause: `; 98 more have a verdict only under the version in force`. */
export function unjudgedText({ lost = 0, unjudged = lost }: { lost?: number; unjudged?: number }): string {
  const never = unjudged > lost ? `; ${numberText(unjudged - lost)} more could not be judged` : ''
  return lost > 0 ? `${never}; ${numberText(lost)} more have a verdict only under the version in force` : never
}

/** Longest names of bots and of regions, in UTF-16 units. */
export const MAX_BOT_NAME = 200
export const MAX_REGION_NAME = 64

/** Characters not allowed in names, because databases reject them or logs and terminals interpret them. */
const UNNAMEABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u

/** Whether an untrusted value is a valid name or id (of a bot, a region, an alert kind): non-empty text without control characters. */
export function isName(text: unknown, maxLength: number): text is string {
  return typeof text === 'string' && text !== '' && text.length <= maxLength && !UNNAMEABLE.test(text)
}

/** Formats the first `most` names, 4 by default, and the number of further names. */
export function listed(names: readonly string[], most = 4): string {
  const more = names.length - most
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** Formats a digest for people, in groups of four: `sha256:9f2c 41d0 …`. Text without an algorithm prefix is grouped as a whole. */
export function digestInGroups(digest: string): string {
  const at = digest.indexOf(':') + 1
  return digest.slice(0, at) + digest.slice(at).replaceAll(/(.{4})(?=.)/g, '$1 ')
}

/** Formats a refused URL for display, with user name, password, query and fragment masked. The URL need not be parsable. */
export function withoutCredentials(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1***@').replace(/[?#].*$/s, '?***') // guard: url-password
}

/** Masks user name and password of URLs in any text. */
export function maskCredentials(text: string): string {
  return text.replaceAll(/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>@]*(?:@[^\s/?#"'<>@]*)*@/gi, '$1***@')
}
