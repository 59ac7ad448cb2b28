import { MAX_FREEZES, MAX_RUNS_LISTED } from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import { RequireScope, Rosters } from '#libs/service'
import { FREEZES } from '#libs/stage'
import { Controller, Get, Header, Query } from '@nestjs/common'
import { APPROVALS } from '../runs/approval.table.js'
import { RUNS } from '../runs/run.table.js'
import { TICKETS } from '../tickets/ticket.table.js'
import { due, effectiveTimes, freezeTimes } from './calendar-events.js'
import { writeCalendar, type CalendarEvent } from './i-calendar.js'

/** Limit of open runs and tickets; more are no calendar that a person reads. */
const MAX_OPEN = 1_000

/** Serves what is scheduled to calendars, which subscribe to an address and send no headers. */
@Controller('v1/calendar.ics')
export class CalendarController {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
  ) {}

  /**
   * Returns effective times of open and recently succeeded runs, freezes, and reviews and decisions that are due, as iCalendar.
   * `key`: for calendars, which send no headers.
   */
  @Get()
  @RequireScope('calendar')
  @Header('content-type', 'text/calendar; charset=utf-8')
  show(@Query('key') _key?: string): Promise<string> {
    return this.database.transaction(async (tx) => {
      const freezes = await tx.documents(FREEZES).find({ limit: MAX_FREEZES })
      const tickets = await tx.documents(TICKETS).find({ where: { state: 'OPEN' }, limit: MAX_OPEN })
      const events = [...(await runEvents(tx)), ...freezes.flatMap((freeze) => freezeTimes(freeze, tx.now)), ...tickets.map(due)]
      const host = `${this.rosters.newest.installation.slice('sha256:'.length, 'sha256:'.length + 16)}.hms-svc`
      return writeCalendar('HMS-SVC policies', host, events)
    })
  }
}

async function runEvents(tx: Transaction): Promise<CalendarEvent[]> {
  const runs = tx.documents(RUNS)
  const open = await runs.find({ where: { open: 'yes' }, limit: MAX_OPEN })
  const succeeded = await runs.find({ where: { state: 'SUCCEEDED' }, orderBy: 'number', descending: true, limit: MAX_RUNS_LISTED })
  const events: CalendarEvent[] = []
  for (const run of [...open, ...succeeded])
    events.push(...effectiveTimes(run, (await tx.documents(APPROVALS).get(run.approval))?.releases ?? []))
  return events
}
