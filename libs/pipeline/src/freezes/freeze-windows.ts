import { parseDuration, type Freeze, type FreezeNotice, type FreezeRecord, type FreezeTimes } from '#libs/contracts'
import { freezeFieldError, scopesOverlap } from '#libs/policy'
import { Cron } from 'croner'

/** Time in which a freeze is active (RFC 3339, UTC). `until` is `null` if only a person ends the freeze. */
export interface FreezeWindow {
  from: string
  until: string | null
}

const DAY_MS = 24 * 60 * 60 * 1000
const LONGEST_MS = 366 * DAY_MS
/** Retention of lifted and past freezes, counted from their declaration. */
const RETENTION_MS = 90 * DAY_MS

/** Returns the window that contains `now`, if any. The start is inclusive, the end exclusive. */
export function windowAt(times: FreezeTimes, now: Date): FreezeWindow | undefined {
  const { recurrence, from, until } = times
  if (recurrence !== undefined) {
    const lasts = parseDuration(recurrence.for)
    // One ms later, so that the starting minute is included.
    const [began] = cronOf(recurrence).previousRuns(1, new Date(now.getTime() + 1))
    if (began === undefined || began.getTime() + lasts <= now.getTime()) return undefined
    return { from: began.toISOString(), until: new Date(began.getTime() + lasts).toISOString() }
  }
  const hasBegun = from === undefined || Date.parse(from) <= now.getTime()
  const isOver = until !== undefined && Date.parse(until) <= now.getTime()
  if (!hasBegun || isOver) return undefined
  return { from: new Date(from ?? 0).toISOString(), until: until === undefined ? null : new Date(until).toISOString() }
}

/** Returns when the freeze begins or ends next; `undefined` if it no longer changes with time. */
export function nextChange(times: FreezeTimes, now: Date): Date | undefined {
  const window = windowAt(times, now)
  if (window !== undefined) return window.until === null ? undefined : new Date(window.until)
  if (times.recurrence !== undefined) return cronOf(times.recurrence).nextRun(now) ?? undefined
  const from = times.from === undefined ? undefined : new Date(times.from)
  return from !== undefined && from > now ? from : undefined
}

/**
 * Returns the freeze that blocks an advance in these scopes at `now`; if several do, the freeze that ends last. Every freeze blocks an
 * advance to all bots (`global`) or to all regions. Freezes of a region, and those of scope `global`, block an advance in that region.
 */
export function freezeAgainst(freezes: readonly FreezeRecord[], scopes: readonly string[], now: Date): FreezeNotice | null {
  const notices = freezes.flatMap((freeze): FreezeNotice[] => {
    const isRelevant = freeze.lifted === null && scopes.some((scope) => scopesOverlap(freeze.scope, scope))
    const window = isRelevant ? windowAt(freeze, now) : undefined
    return window === undefined ? [] : [{ id: freeze.id, reason: freeze.reason, until: window.until }]
  })
  return notices.sort((a, b) => endMs(b) - endMs(a) || (a.id < b.id ? -1 : 1))[0] ?? null
}

/** Whether a freeze can be deleted: its retention has ended, and it is not active and never will be. */
export function isDeletable(freeze: FreezeRecord, now: Date): boolean {
  return now.getTime() - Date.parse(freeze.declaredAt) > RETENTION_MS && neverBlocksAgain(freeze, now)
}

/** Whether a freeze may replace `existing` without blocking less: `existing` never blocks again, or the new freeze blocks everything. */
export function mayReplaceFreeze({ scope, from, until, recurrence }: Freeze, existing: FreezeRecord, now: Date): boolean {
  if (neverBlocksAgain(existing, now)) return true
  const isEndless = recurrence === undefined && until === undefined && (from === undefined || Date.parse(from) <= now.getTime())
  return scope === 'global' && isEndless
}

function neverBlocksAgain(freeze: FreezeRecord, now: Date): boolean {
  return freeze.lifted !== null || (windowAt(freeze, now) === undefined && nextChange(freeze, now) === undefined)
}

/** Returns `stop-the-line: drill`, `election-week until 2026-11-04T00:00:00.000Z: no changes while polling stations report`. */
export function describeFreeze({ id, reason, until }: FreezeNotice): string {
  return `${id}${until === null ? '' : ` until ${until}`}: ${reason}`
}

export function isSameFreeze(a: FreezeNotice | null, b: FreezeNotice | null): boolean {
  return a?.id === b?.id && a?.until === b?.until && a?.reason === b?.reason
}

/** Returns why a freeze is invalid; `undefined` if it is valid. */
export function freezeError(freeze: Freeze): string | undefined {
  const { from, until, recurrence } = freeze
  const wrong = freezeFieldError(freeze)
  if (wrong !== undefined || recurrence === undefined) return wrong
  if (from !== undefined || until !== undefined) return 'a freeze with a recurrence has neither from nor until'
  return recurrenceError(recurrence)
}

function recurrenceError(recurrence: NonNullable<FreezeTimes['recurrence']>): string | undefined {
  const fields = recurrence.cron.trim().split(/\s+/)
  if (fields.length !== 5) return 'recurrence.cron must have five fields: minute, hour, day, month, weekday'
  try {
    const lasts = parseDuration(recurrence.for, 'recurrence.for')
    if (lasts < 60_000 || lasts > LONGEST_MS) return 'recurrence.for must be between 1m and 366d'
    return cronOf(recurrence).nextRun() === null ? 'recurrence.cron never matches a time' : undefined
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
