/** A command line up to the cursor: its whole words, and the one that is being written (empty behind a space). */
export interface SplitLine {
  words: string[]
  current: string
}

/**
 * Splits as a shell does where words, quotes and backslashes are concerned; expands nothing. What is quoted and not closed yet is the word
 * that is being written.
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
