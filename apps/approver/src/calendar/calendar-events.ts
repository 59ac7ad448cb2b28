import type { FreezeRecord, ReleaseDocument, Ticket } from '#libs/contracts'
import { nextChange, stateOf, windowAt, type FreezeWindow } from '#libs/pipeline'
import { effectiveMs } from '#libs/signing'
import { predicateOf } from '../approvals/same-plan.js'
import type { RunRecord } from '../runs/run.table.js'
import type { CalendarEvent } from './i-calendar.js'

/** Maximum number of occurrences shown of a recurring freeze. */
const MAX_OCCURRENCES = 12
const DAY_MS = 24 * 60 * 60 * 1_000

export function effectiveTimes({ facts, movedAt }: RunRecord, releases: readonly ReleaseDocument[]): CalendarEvent[] {
  const state = stateOf(facts)
  return releases.flatMap((release) => {
    const ms = effectiveMs(predicateOf(release).policy)
    if (Number.isNaN(ms)) return []
    return {
      uid: `run-${facts.run}-${release.id}`,
      stamp: movedAt ?? facts.createdAt,
      start: new Date(ms).toISOString(),
      summary: `${release.id} ${release.version} takes effect`,
      description: `Run ${facts.run}: ${state}`,
      isTentative: state !== 'SUCCEEDED',
    }
  })
}

/** Returns an event per window in which the freeze blocks: one, or the next occurrences. A lifted freeze ends when it was lifted. */
export function freezeTimes(freeze: FreezeRecord, now: Date): CalendarEvent[] {
  const { id, reason, scope, by, declaredAt, recurrence, lifted } = freeze
  return windowsOf(freeze, now).flatMap(({ from, until }) => {
    if (lifted !== null && lifted.at <= from) return []
    // The end of a freeze without one moves each day.
    const today = new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS).toISOString()
    const moved = until === null && from < today && declaredAt < today ? today : declaredAt
    const end = lifted !== null && (until === null || lifted.at < until) ? lifted.at : until
    return {
      uid: `freeze-${id}${recurrence === undefined ? '' : `-${from}`}`,
      stamp: lifted?.at ?? moved,
      start: from,
      // Until beyond tomorrow if the freeze has no end: calendars would show it as a moment.
      end: end ?? new Date(Math.ceil(Math.max(now.getTime(), Date.parse(from)) / DAY_MS) * DAY_MS + DAY_MS).toISOString(),
      summary: `Freeze ${id} (${scope})`,
      description: `${reason}\n${by}${end === null ? '\nuntil it is lifted' : ''}`,
    }
  })
}

function windowsOf(freeze: FreezeRecord, now: Date): FreezeWindow[] {
  const { from, until, declaredAt, recurrence } = freeze
  if (recurrence === undefined)
    return [{ from: new Date(from ?? declaredAt).toISOString(), until: until ? new Date(until).toISOString() : null }]
  const windows: FreezeWindow[] = []
  for (let at: Date | undefined = now; at !== undefined && windows.length < MAX_OCCURRENCES; at = nextChange(freeze, at)) {
    const window = windowAt(freeze, at)
    if (window !== undefined) windows.push(window)
  }
  return windows
}

export function due({ ticket, run, kind, detail, openedAt, expiresAt, policies, overdueAt }: Ticket): CalendarEvent {
  const what = kind === 'BREAK_GLASS_REVIEW' ? 'Review of break-glass' : 'Decision'
  return {
    uid: `ticket-${ticket}`,
    stamp: overdueAt ?? openedAt,
    start: expiresAt,
    summary: `${what} due: run ${run}`,
    description: `Ticket ${ticket}: ${policies.map(({ id, version }) => `${id} ${version}`).join(', ')}\n${detail}`,
  }
}
