/**
 * Characters that move a cursor, hide text or break a line: controls, bidirectional and other formatting, line and paragraph separators. Part
 * of a character class.
 */
export const CONTROLS = String.raw`\p{Cc}\p{Cf}\p{Zl}\p{Zp}`

/**
 * Characters that a terminal interprets or does not show: also unpaired surrogates, and blanks classified as letters. Variation selectors are
 * safe: they only choose between two glyphs of a character.
 */
const UNSAFE = new RegExp(String.raw`[${CONTROLS}\p{Cs}]|(?![\uFE00-\uFE0F])\p{Default_Ignorable_Code_Point}`, 'gu')
const CONTROL = new RegExp(`[${CONTROLS}]`, 'gu')

/** Replaces control characters by U+FFFD, so that a text forges no line and no header. */
export function withoutControls(text: string): string {
  return text.toWellFormed().replace(CONTROL, '\uFFFD')
}

/**
 * Returns untrusted text as one line for a terminal: characters that move the cursor or hide text are escaped as `\u{1b}`. Printable text
 * is unchanged.
 */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/** Returns printable JSON of the same value. `indent` as in `JSON.stringify`; line breaks between values are kept. */
export function printableJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent) ?? 'null'
  return text.replaceAll(UNSAFE, (found) =>
    found === '\n' ? found : [...Array(found.length).keys()].map((at) => `\\u${hex(found.charCodeAt(at))}`).join(''),
  )
}

function hex(unit: number): string {
  return unit.toString(16).padStart(4, '0')
}
