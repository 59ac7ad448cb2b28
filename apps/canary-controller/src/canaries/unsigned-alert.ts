import { isObject, isPlainText, readingProblem, type BotAlert, type Json, type JsonObject } from '#libs/contracts'
import type { BusRecord } from '#libs/messaging'

const MAX_BYTES = 32 * 1024
const MAX_TEXT = 200

/** Parses an alert that a bot wrote to the topic: JSON keyed by its name, in the schema of `POST /v1/alerts`. `undefined` if invalid. */
export function unsignedAlertOf({ key, value }: BusRecord): BotAlert | undefined {
  if (value === null || value.length > MAX_BYTES) return undefined
  const alert = parse(value)
  if (alert === undefined) return undefined
  const { id, bot, region = '', kind, reading = null, value: alertValue = null, policy, version } = alert
  if (![id, bot, kind].every((text) => isName(text) && text !== '') || ![region, policy ?? '', version ?? ''].every(isName))
    return undefined
  if (bot !== key || (reading !== null && !isObject(reading)) || readingProblem(reading as JsonObject | null) !== undefined)
    return undefined
  if (alertValue !== null && !Number.isFinite(alertValue) && !isName(alertValue)) return undefined
  return {
    id,
    bot,
    region,
    kind,
    reading,
    value: alertValue,
    ...(policy === undefined ? {} : { policy }),
    ...(version === undefined ? {} : { version }),
  } as BotAlert
}

function parse(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isName(text: Json | undefined): boolean {
  return typeof text === 'string' && text.length <= MAX_TEXT && isPlainText(text)
}
