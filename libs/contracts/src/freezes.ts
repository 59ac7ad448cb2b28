import type { Envelope } from './envelope.js'

/** Id of the stop switch: a freeze of scope `global` until it is lifted. */
export const STOP_THE_LINE = 'stop-the-line'

/** Maximum freezes stored, including lifted and past ones. */
export const MAX_FREEZES = 1_000

export interface FreezeTimes {
  /** RFC 3339; default: immediately. */
  from?: string
  /** RFC 3339; default: until it is lifted. */
  until?: string
  /** Alternative to `from` and `until`. */
  recurrence?: FreezeRecurrence
}

export interface FreezeRecurrence {
  /** Start times, as five cron fields. */
  cron: string
  /** IANA time zone of `cron`. */
  zone: string
  /** Duration of each occurrence: `60h`. */
  for: string
}

/** Freeze of a scope: blocks advances, permits rollbacks and withdrawals. */
export interface Freeze extends FreezeTimes {
  id: string
  reason: string
  /** `global` or `region:NCR`. */
  scope: string
}

/** A freeze as stored by approver and contained in `hms.freeze.v1`; complete, because the topic is compacted. */
export interface FreezeRecord extends Freeze {
  /** Name of the person. */
  by: string
  declaredAt: string
  statement: Envelope
  lifted: { by: string; reason: string; at: string; statement: Envelope } | null
}

/** Entry of `GET /v1/freezes` and `freezes list --json`. */
export interface FreezeView extends Freeze, Pick<FreezeRecord, 'by' | 'declaredAt'> {
  state: 'ACTIVE' | 'COMING' | 'OVER' | 'LIFTED'
  /** End of an active freeze that has one; start of a future one. */
  next: string | null
  lifted: (Omit<NonNullable<FreezeRecord['lifted']>, 'statement'> & { statement?: Envelope }) | null
  /** Signed declaration, on request. */
  statement?: Envelope
}

/** The freeze that blocks a run. */
export interface FreezeNotice {
  id: string
  reason: string
  /** RFC 3339; `null` if it lasts until it is lifted. */
  until: string | null
}
