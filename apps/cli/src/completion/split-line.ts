/** Command line up to the cursor: its complete words, and the current one (empty behind a space). */
export interface SplitLine {
  words: string[]
  current: string
}

/**
 * Splits a line as a shell does with regard to words, quotes and backslashes; expands nothing. An unclosed quote is part of the current
 * word.
 */
export function splitLine(line: string): SplitLine {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!
    if (quote !== undefined) {
      if (char === quote) quote = undefined
      else word += char === '\\' && quote === '"' && at + 1 < line.length ? line[++at]! : char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (char === ' ' || char === '\t' || char === '\n') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + (char === '\\' && at + 1 < line.length ? line[++at]! : char)
    }
  }
  return { words, current: word ?? '' }
}
