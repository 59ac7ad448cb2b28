import type { EvaluationContext } from '@openfeature/server-sdk'
import { isName, MAX_BOT_NAME, MAX_REGION_NAME } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { ProviderError } from './provider-error.js'

/**
 * Returns the reader of a context: `targetingKey` selects the cohort of a canary, `region` its scope; defaults are the connection's own.
 * Throws `INVALID_CONTEXT`.
 */
export function readerOf({ targetingKey, region }: EvaluationContext, own: Reader): Reader {
  return {
    bot: nameIn('targetingKey', targetingKey, MAX_BOT_NAME) ?? own.bot,
    region: nameIn('region', region, MAX_REGION_NAME) ?? own.region,
  }
}

function nameIn(what: string, value: unknown, max: number): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (isName(value, max)) return value
  throw new ProviderError(
    'INVALID_CONTEXT',
    `${what} must be text of at most ${max} characters, without control characters and half surrogate pairs`,
  )
}
