import { usageError } from '../errors.js'

/** Parses `7`. Throws a usage error for anything else. */
export function parseTicketNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw usageError(`${JSON.stringify(text)} is no number of a ticket`, ['hms-svc tickets list'])
}
