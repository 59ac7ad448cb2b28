import { parseDuration, type Freeze, type FreezeNotice, type FreezeRecord, type FreezeTimes } from '#libs/contracts'
import { scopesOverlap } from '#libs/policy'
import { Cron } from 'croner'

/** RFC 3339 in UTC; `until` is `null` where nothing but a person ends it. */
export interface FreezeWindow {
  from: string
  until: string | null
}

const DAY_MS = 24 * 60 * 60 * 1000
const LONGEST_MS = 366 * DAY_MS
/** Lifted and past ones are forgotten so long after they were declared. */
const FORGOTTEN_AFTER_MS = 90 * DAY_MS

/** The window that `now` lies in: its beginning belongs to it, its end does not. */
export function windowAt(times: FreezeTimes, now: Date): FreezeWindow | undefined {
  const { recurrence, from, until } = times
  if (recurrence !== undefined) {
    const lasts = parseDuration(recurrence.for)
    // A moment later, so that the minute in which it begins counts.
    const [began] = cronOf(recurrence).previousRuns(1, new Date(now.getTime() + 1))
    if (began === undefined || began.getTime() + lasts <= now.getTime()) return undefined
    return { from: began.toISOString(), until: new Date(began.getTime() + lasts).toISOString() }
  }
  const hasBegun = from === undefined || Date.parse(from) <= now.getTime()
  const isOver = until !== undefined && Date.parse(until) <= now.getTime()
  if (!hasBegun || isOver) return undefined
  return { from: new Date(from ?? 0).toISOString(), until: until === undefined ? null : new Date(until).toISOString() }
}

/** When the freeze begins or ends next; `undefined` where time changes it no more. */
export function nextChange(times: FreezeTimes, now: Date): Date | undefined {
  const within = windowAt(times, now)
  if (within !== undefined) return within.until === null ? undefined : new Date(within.until)
  if (times.recurrence !== undefined) return cronOf(times.recurrence).nextRun(now) ?? undefined
  const from = times.from === undefined ? undefined : new Date(times.from)
  return from !== undefined && from > now ? from : undefined
}

/**
 * The freeze that stands in the way of a step in these scopes at `now`: of several the one that ends last. A step to everybody (`global`),
 * or to all regions, is in the way of every freeze, one in a region of those of that region and of everywhere.
 */
export function freezeAgainst(freezes: readonly FreezeRecord[], scopes: readonly string[], now: Date): FreezeNotice | null {
  const notices = freezes.flatMap((freeze): FreezeNotice[] => {
    const isInTheWay = freeze.lifted === null && scopes.some((scope) => scopesOverlap(freeze.scope, scope))
    const within = isInTheWay ? windowAt(freeze, now) : undefined
    return within === undefined ? [] : [{ id: freeze.id, reason: freeze.reason, until: within.until }]
  })
  return notices.sort((a, b) => endMs(b) - endMs(a) || (a.id < b.id ? -1 : 1))[0] ?? null
}

/** Whether nobody need know of it any longer: it was declared long ago, and neither holds nor will. */
export function isForgotten(freeze: FreezeRecord, now: Date): boolean {
  return now.getTime() - Date.parse(freeze.declaredAt) > FORGOTTEN_AFTER_MS && holdsNoMore(freeze, now)
}

/** Whether a freeze in the place of `known` plainly holds all that `known` would: that holds nothing, or the new one everything. */
export function holdsAsMuch({ scope, from, until, recurrence }: Freeze, known: FreezeRecord, now: Date): boolean {
  if (holdsNoMore(known, now)) return true
  const isEndless = recurrence === undefined && until === undefined && (from === undefined || Date.parse(from) <= now.getTime())
  return scope === 'global' && isEndless
}

function holdsNoMore(freeze: FreezeRecord, now: Date): boolean {
  return freeze.lifted !== null || (windowAt(freeze, now) === undefined && nextChange(freeze, now) === undefined)
}

/** `stop-the-line: drill`, `election-week until 2026-11-04T00:00:00.000Z: no changes while polling stations report`. */
export function describeFreeze({ id, reason, until }: FreezeNotice): string {
  return `${id}${until === null ? '' : ` until ${until}`}: ${reason}`
}

export function isSameFreeze(a: FreezeNotice | null, b: FreezeNotice | null): boolean {
  return a?.id === b?.id && a?.until === b?.until && a?.reason === b?.reason
}

/** Why these times are none; `undefined` when they are good. */
export function faultOfFreeze({ from, until, recurrence, scope }: Freeze): string | undefined {
  if (scope !== 'global' && !/^region:[\p{L}\p{N}._-]{1,64}$/u.test(scope)) return 'scope must be global or region:NAME'
  if (recurrence === undefined) {
    const isBackwards = from !== undefined && until !== undefined && Date.parse(from) >= Date.parse(until)
    return isBackwards ? 'until must be after from' : undefined
  }
  if (from !== undefined || until !== undefined) return 'a recurrence takes no from and until'
  return faultOfRecurrence(recurrence)
}

function faultOfRecurrence(recurrence: NonNullable<FreezeTimes['recurrence']>): string | undefined {
  const fields = recurrence.cron.trim().split(/\s+/)
  if (fields.length !== 5) return 'recurrence.cron must have five fields: minute, hour, day, month, weekday'
  try {
    const lasts = parseDuration(recurrence.for, 'recurrence.for')
    if (lasts < 60_000 || lasts > LONGEST_MS) return 'recurrence.for must be between 1m and 366d'
    return cronOf(recurrence).nextRun() === null ? 'recurrence.cron never comes' : undefined
  } catch (error) {
    return `recurrence: ${(error as Error).message}`
  }
}

function endMs({ until }: FreezeNotice): number {
  return until === null ? Number.POSITIVE_INFINITY : Date.parse(until)
}

function cronOf({ cron, zone }: NonNullable<FreezeTimes['recurrence']>): Cron {
  return new Cron(cron, { timezone: zone, paused: true })
}
