import { type OfrepErrorCode, type OfrepFailure, type Problem } from '#libs/contracts'

const EVALUATE = /^\/ofrep\/v1\/evaluate\/flags(?:\/(.*?))?\/?$/

const WORDS: Record<string, OfrepErrorCode> = {
  HMS_OFREP_TARGETING_KEY: 'TARGETING_KEY_MISSING',
  HMS_OFREP_CONTEXT: 'INVALID_CONTEXT',
  HMS_POLICY_NOT_FOUND: 'FLAG_NOT_FOUND',
}

/** Converts a problem of an evaluation to OFREP's form; `undefined` for other paths. Stock providers hide the reason of other forms. */
export function ofrepFailure({ status, code, detail, retryable, traceId }: Problem, url: string): OfrepFailure | undefined {
  const path = EVALUATE.exec(url.split('?')[0]!)
  if (path === null) return undefined
  const [, named = ''] = path
  const key = named === '' ? undefined : readable(named)
  return {
    ...(key === undefined ? {} : { key }),
    errorCode: errorCodeOf(status, code, key),
    errorDetails: detail,
    metadata: { code, retryable, ...(traceId === undefined ? {} : { traceId }) },
  }
}

/** Returns OFREP's code for a problem. OFREP has one code for any invalid body: no JSON, too large, or another type. */
function errorCodeOf(status: number, code: string, key: string | undefined): OfrepErrorCode {
  const word = WORDS[code]
  if (word !== undefined) return word
  if (status === 404 && key !== undefined) return 'FLAG_NOT_FOUND'
  return status === 400 || status === 413 || status === 415 ? 'PARSE_ERROR' : 'GENERAL'
}

/** Returns a key with its percent-encoding decoded; unchanged if the encoding is invalid. */
function readable(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
