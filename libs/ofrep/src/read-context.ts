import { HmsError, isObject } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'

/** Returns the body's reader; `home`: default region. 400: `HMS_HTTP_BODY_INVALID`, `HMS_OFREP_CONTEXT`, `HMS_OFREP_TARGETING_KEY`. */
export function readContext(body: unknown, home?: string): Required<Pick<Reader, 'bot'>> & Reader {
  if (!isObject(body)) throw refusal('HMS_HTTP_BODY_INVALID', 'The body must be a JSON object: { "context": { "targetingKey": "…" } }.')
  const { context } = body
  if (!isObject(context)) throw refusal('HMS_OFREP_CONTEXT', 'context must be an object that holds a targetingKey.')
  const { targetingKey: bot, region } = context
  if (bot === undefined || bot === null || bot === '')
    throw refusal('HMS_OFREP_TARGETING_KEY', 'The context lacks targetingKey, which decides on cohorts: set it before the provider asks.')
  if (typeof bot !== 'string') throw refusal('HMS_OFREP_CONTEXT', 'targetingKey must be text.')
  if (region === undefined || region === null || region === '') return { bot, region: home }
  if (typeof region !== 'string') throw refusal('HMS_OFREP_CONTEXT', 'region must be text, such as NCR: it decides on scopes.')
  return { bot, region }
}

function refusal(code: string, detail: string): HmsError {
  return new HmsError(code, detail, { status: 400 })
}
