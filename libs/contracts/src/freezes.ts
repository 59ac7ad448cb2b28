import type { Envelope } from './envelope.js'

/** Id of the freeze that the stop switch sets: everywhere, until somebody lifts it. */
export const STOP_THE_LINE = 'stop-the-line'

/** Freezes that are kept, lifted and past ones included. */
export const MAX_FREEZES = 1_000

/** When nothing goes forward: once, or again and again. */
export interface FreezeTimes {
  /** RFC 3339; at once unless given. */
  from?: string
  /** RFC 3339; until somebody lifts it unless given. */
  until?: string
  /** Instead of `from` and `until`. */
  recurrence?: FreezeRecurrence
}

export interface FreezeRecurrence {
  /** Five fields: when it begins. */
  cron: string
  /** IANA time zone that `cron` is read in. */
  zone: string
  /** How long it lasts each time: `60h`. */
  for: string
}

/** Nothing goes forward in its scope, everything goes back. */
export interface Freeze extends FreezeTimes {
  id: string
  reason: string
  /** `global` or `region:NCR`. */
  scope: string
}

/** A freeze as approver keeps it and `hms.freeze.v1` carries it: whole, so that it stands alone once the topic is compacted. */
export interface FreezeRecord extends Freeze {
  /** Name of the person. */
  by: string
  declaredAt: string
  /** What that person signed. */
  statement: Envelope
  lifted: { by: string; reason: string; at: string; statement: Envelope } | null
}

/** `GET /v1/freezes`, `freezes list --json`. */
export interface FreezeView extends Freeze {
  by: string
  declaredAt: string
  state: 'ACTIVE' | 'COMING' | 'OVER' | 'LIFTED'
  /** When it ends, where it is active and has an end; when it begins, where it is coming. */
  next: string | null
  lifted: { by: string; reason: string; at: string } | null
}

/** `POST /v1/freezes` and `POST /v1/freezes/{id}/lift`. */
export interface FreezeRequest {
  statement: Envelope
}

/** The freeze that holds a run back. */
export interface FreezeNotice {
  id: string
  reason: string
  /** RFC 3339; `null` until somebody lifts it. */
  until: string | null
}
