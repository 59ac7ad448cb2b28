import { parseDuration } from '#libs/contracts'
import { usageError } from '../errors.js'

/** Parses a time (RFC 3339), or an age, into RFC 3339. */
export function timeOf(flag: string, text: string, now: number): string {
  const atMs = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : now - (durationOf(text) ?? Number.NaN)
  if (Number.isNaN(atMs)) throw usageError(`${flag} ${text} is no time; write it as 2026-01-31T00:00:00Z, or as 2h for two hours ago`)
  return new Date(atMs).toISOString()
}

function durationOf(text: string): number | undefined {
  try {
    return parseDuration(text)
  } catch {
    return undefined
  }
}
