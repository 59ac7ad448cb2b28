import { HmsError } from '#libs/contracts'
import { isTimestamp } from '#libs/policy'

/** Of which time a policy is asked for. */
export interface PastQuery {
  /** What was in force then: a date, or RFC 3339 with an offset. */
  at?: Date | string
  /** As it was known then. Default: now. */
  known?: Date | string
  /** What this version said, instead of a time. */
  version?: string
}

/** As they go into an address. Throws 400 `HMS_POLICY_TIME` for what is no time, before anything is asked. */
export function askedTimes({ at, known, version }: PastQuery): { at?: string; known?: string; version?: string } {
  if (version !== undefined && (at !== undefined || known !== undefined))
    throw wrong('a version says the same at any time: leave out at and known')
  // Judged by one clock, on both sides.
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
