import { compilePattern, PatternRefused, type Steps } from '#libs/pattern'

const MAX_PATTERN = 512
const MAX_TEXT = 4096
/** Limit of instructions of all patterns of a schema: compiling takes up to 0.1 ms for each. */
const MAX_INSTRUCTIONS = 10_000

/** Regular expression as ajv uses it. */
export interface LinearPattern {
  test: (text: string) => boolean
  toString: () => string
}

/**
 * Compiles patterns of a registered schema as RE2, whose steps are charged to `steps`: so neither `^(a+)+$` nor a thousand optional
 * repetitions can hang the linter. RE2 has neither look-around nor back-references; a pattern that needs them, or repeats too much, is
 * refused when the schema is compiled. A text of more than 4,096 characters matches no pattern.
 */
export function linearPatterns(steps: Steps): (pattern: string) => LinearPattern {
  let instructions = 0
  return (pattern) => {
    if (pattern.length > MAX_PATTERN) throw new PatternRefused(`a pattern has at most ${MAX_PATTERN} characters`)
    const compiled = compilePattern(pattern)
    instructions += compiled.size
    if (instructions > MAX_INSTRUCTIONS)
      throw new PatternRefused(`its patterns compile to more than ${MAX_INSTRUCTIONS} instructions, repetitions written out`)
    return {
      test: (text) => text.length <= MAX_TEXT && compiled.test(text, steps),
      // ajv identifies compiled patterns by their text: without this, it would use the first one for all.
      toString: () => pattern,
    }
  }
}
