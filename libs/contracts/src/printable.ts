/**
 * Characters that a terminal obeys or does not show: controls, what turns the direction of text, what has no width, line and paragraph
 * separators, halves of surrogate pairs, and blanks that count as letters. Variation selectors only choose between two pictures of a
 * character.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?![\uFE00-\uFE0F])\p{Default_Ignorable_Code_Point}/gu

/**
 * One line for a terminal, anyone who wrote it: what moves the cursor or hides text is written out as `\u{1b}`. A text that is printable
 * stays as it is.
 */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/** JSON in the same sense: still JSON, and of the same value. `indent` as `JSON.stringify` has it; line ends between values stay. */
export function printableJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent) ?? 'null'
  return text.replaceAll(UNSAFE, (found) =>
    found === '\n' ? found : [...Array(found.length).keys()].map((at) => `\\u${hex(found.charCodeAt(at))}`).join(''),
  )
}

function hex(unit: number): string {
  return unit.toString(16).padStart(4, '0')
}
