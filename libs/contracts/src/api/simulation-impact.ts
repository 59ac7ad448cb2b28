import type { Json } from '../canonical-json.js'

/** Readings, and how many of them alert under the policies before and after the change; 0 before a first version. */
export interface AlertLoad {
  readings: number
  before: number
  after: number
}

/** The readings of one region, site or month. */
export interface GroupImpact extends AlertLoad {
  name: string
  newlyViolating: number
  newlyCompliant: number
}

/** Ids of readings, the earliest first, and how many there are: lists are cut where they grow long. */
export interface TurnedReadings {
  count: number
  ids: string[]
}

/** What the change turns among the recorded readings of one scenario, as its expression judges them. */
export interface ScenarioImpact extends AlertLoad {
  scenario: string
  policies: string[]
  /** `at` of the first and of the last reading; empty where the corpus has no times. */
  from: string
  to: string
  newlyViolating: TurnedReadings
  newlyCompliant: TurnedReadings
  /** By name; `''` is the readings that name none. */
  regions: GroupImpact[]
  /** Those that turn most readings, at most fifty. Empty where readings have no fact `site`. */
  sites: GroupImpact[]
  /** By `YYYY-MM`; empty where the corpus has no such times, or more than 120 months. */
  months: GroupImpact[]
  /** Readings that the expression judges under the old policies and no more under the new ones. */
  lost: number
}

/** Alerts of one bot over the recorded readings of all scenarios that it was replayed with. */
export interface BotLoad extends AlertLoad {
  bot: string
}

/** A field of rule data that the change touches. */
export interface TouchedField {
  policy: string
  field: string
  from?: Json
  to?: Json
  /** Synthesised inputs that stand at its old or new value. With none, no replay says what the change of this field does. */
  inputs: number
  /** Scenarios whose expression reads it. */
  scenarios: string[]
}

export interface SimulationImpact {
  scenarios: ScenarioImpact[]
  /** Bots that were replayed to the end, sorted by id. */
  bots: BotLoad[]
  fields: TouchedField[]
}

/** Alerts of a right bot by region, for one scenario. `days`: from the first to the last reading, 0 where the corpus has no times. */
export interface ScenarioLoad extends AlertLoad {
  scenario: string
  days: number
  regions: ({ region: string } & AlertLoad)[]
}

/**
 * What a canary may expect, taken from the recorded readings. The share `after / before` needs no clock; with `days` there is a rate.
 * Bounded: `omitted` counts the regions and bots that found no place.
 */
export interface PredictedLoad {
  scenarios: ScenarioLoad[]
  bots: BotLoad[]
  omitted: number
}
