import { CelScalar, celEnv, isCelError, parse, plan } from '@bufbuild/cel'

const MAX_PATTERN = 512
const MAX_TEXT = 4096

const env = celEnv({ variables: { text: CelScalar.STRING, pattern: CelScalar.STRING } })
const matches = plan(env, parse('text.matches(pattern)'))

/**
 * Patterns of registered schemas run on RE2 (the engine inside CEL): linear time, so `^(a+)+$` cannot hang the linter. RE2 has neither
 * look-around nor back-references; a pattern that needs them is refused when the schema is compiled. A text of more than 4,096
 * characters matches no pattern.
 */
export function linearPattern(pattern: string): { test: (text: string) => boolean; toString: () => string } {
  if (pattern.length > MAX_PATTERN) throw new Error(`a pattern has at most ${MAX_PATTERN} characters`)
  const probe = matches({ text: '', pattern })
  if (isCelError(probe)) throw new Error(`pattern ${JSON.stringify(pattern)} is not understood: ${probe.message}`)
  return {
    test: (text) => text.length <= MAX_TEXT && matches({ text, pattern }) === true,
    // ajv tells compiled patterns apart by their text: without this, all of them are the first one it met.
    toString: () => pattern,
  }
}
