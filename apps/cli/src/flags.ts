import { parseDuration } from '#libs/contracts'
import { isTimestamp } from '#libs/policy'
import { usageError } from './errors.js'

/** Parses a flag as a whole number from `least` to `most`; `undefined` if the flag is absent. */
export function numberFlag(
  flag: string,
  text: string | undefined,
  { least, most, verb }: { least: number; most: number; verb: string },
): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d{1,16}$/.test(text) ? Number(text) : -1
  if (number >= least && number <= most) return number
  throw usageError(`${flag} ${text} is no number from ${least} to ${most}`, [`hms-svc ${verb} --help`])
}

/** Parses a flag such as `90s` or `5m` into milliseconds; undefined if it is absent. */
export function durationFlag(flag: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text, flag)
}

/** Parses `--timeout` into milliseconds. Refuses 0, because no response would arrive in time. */
export function parseTimeout(text: string): number {
  const ms = parseDuration(text, '--timeout')
  if (ms === 0) throw usageError(`--timeout ${text} leaves no time for a response; write 90s or 5m`)
  return ms
}

/** Converts a time (RFC 3339), or an age such as `2h`, to RFC 3339. */
export function timeOf(flag: string, text: string, now: number): string {
  if (isTimestamp(text)) return new Date(text).toISOString()
  try {
    return new Date(now - parseDuration(text)).toISOString()
  } catch {
    throw usageError(`${flag} ${text} is no time; write it as 2026-01-31T00:00:00Z, or as 2h for two hours ago`)
  }
}

/** Parses `184` or `#184`. */
export function parseRunNumber(text: string): number {
  const digits = /^#?([1-9]\d{0,14})$/.exec(text)?.[1]
  if (digits === undefined) throw usageError(`${text} is not the number of a run, such as 184`, ['hms-svc runs list'])
  return Number(digits)
}

/** Parses `ID@VERSION`; the services check whether it exists. */
export function parsePolicyRef(text: string): { id: string; version: string } {
  const [, id, version] = /^([a-z0-9]+(?:-[a-z0-9]+)*)@(\d+\.\d+\.\d+\S*)$/.exec(text) ?? []
  if (id === undefined || version === undefined) throw usageError(`${text} is not ID@VERSION, such as epa-pm25-limit@1.5.0`)
  return { id, version }
}

export function isPolicyRef(text: string): boolean {
  return /^[a-z0-9-]+@\d+\.\d+\.\d+[^/]*$/.test(text)
}

/** Parses `ID` or `ID@VERSION`. */
export function policyFilter(text: string | undefined): { policy?: string; version?: string } {
  if (text === undefined) return {}
  const [policy, version, ...rest] = text.split('@')
  if (policy === undefined || policy === '' || version === '' || rest.length > 0)
    throw usageError(`--policy ${text} is not ID or ID@VERSION, such as epa-pm25-limit@1.5.0`)
  return { policy, version }
}
