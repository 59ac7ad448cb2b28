import { HmsError } from '#libs/contracts'
import { isTimestamp } from '#libs/policy'

/** Time or version of a requested policy. */
export interface PastQuery {
  /** Time at which it was in force: a date, or RFC 3339 with an offset. */
  at?: Date | string
  /** As known at this time. Default: now. */
  known?: Date | string
  /** Version, instead of a time. */
  version?: string
}

/** Returns the query parameters. Throws 400 `HMS_POLICY_TIME` for an invalid time, before any request. */
export function askedTimes({ at, known, version }: PastQuery): { at?: string; known?: string; version?: string } {
  if (version !== undefined && (at !== undefined || known !== undefined))
    throw wrong('a version says the same at any time: leave out at and known')
  // Both sides then use the same clock.
  return { at: timeText('at', at ?? (known === undefined ? undefined : new Date())), known: timeText('known', known), version }
}

function timeText(name: string, time: Date | string | undefined): string | undefined {
  if (time === undefined) return undefined
  if (time instanceof Date ? !Number.isNaN(time.getTime()) : isTimestamp(time)) return typeof time === 'string' ? time : time.toISOString()
  throw wrong(`${name} must be a time with an offset, RFC 3339, such as 2026-01-01T00:00:00Z, not ${String(time)}`)
}

function wrong(detail: string): HmsError {
  return new HmsError('HMS_POLICY_TIME', detail, { status: 400 })
}
