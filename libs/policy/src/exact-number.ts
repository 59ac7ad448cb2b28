const DECIMAL = /^[-+]?(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/
/** Maximum digits of `toExponential`. */
const MAX_DIGITS = 101

/**
 * Whether a number reads back as written, at the written precision or as JavaScript prints it: `0.1` and `845115105470869.2` do, which is
 * halfway to `…9.3` as a double. `4503599627370497.5` and integers beyond 2^53−1 do not. `literal`: decimal, as in YAML, JSON and CSV.
 */
export function isExact(literal: string, value = Number(literal)): boolean {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return false
  const [, whole = '', fraction = '', power = '0'] = DECIMAL.exec(literal) ?? []
  const written = whole + fraction
  const digits = written.replace(/^0+/, '').replace(/(?<!0)0+$/, '')
  if (digits === '') return true
  if (digits.length > MAX_DIGITS) return false
  const exponent = whole.length - 1 - /^0*/.exec(written)![0].length + Number(power)
  return [digits.length - 1, undefined].some((precision) => {
    const [read = '', readExponent] = Math.abs(value).toExponential(precision).split('e')
    return read.replace('.', '') === digits && Number(readExponent) === exponent
  })
}

/** Matches a string, or a number outside of strings. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g

/** Returns the first number of a JSON text that `JSON.parse` would change. */
export function inexactNumber(json: string): string | undefined {
  for (const [token] of json.matchAll(TOKEN)) if (!token.startsWith('"') && !isExact(token)) return token
  return undefined
}
