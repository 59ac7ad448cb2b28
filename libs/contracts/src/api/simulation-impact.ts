import type { Json } from '../canonical-json.js'

/** Number of readings, and how many of them alert before and after the change; `before` is 0 for a first version. */
export interface AlertLoad {
  readings: number
  before: number
  after: number
}

/** Impact on the readings of one region, site or month. */
export interface GroupImpact extends AlertLoad {
  name: string
  newlyViolating: number
  newlyCompliant: number
}

/** Ids of readings, earliest first, and their count; long lists are truncated. */
export interface TurnedReadings {
  count: number
  ids: string[]
}

/** Recorded readings of one scenario, and those for which the change flips the result of its expression. */
export interface ScenarioImpact extends AlertLoad {
  scenario: string
  policies: string[]
  /** `at` of the first and the last reading; empty if the corpus has no times. */
  from: string
  to: string
  newlyViolating: TurnedReadings
  newlyCompliant: TurnedReadings
  /** Impact by region; name `''` for readings without region. */
  regions: GroupImpact[]
  /** Sites with the most flipped readings, at most fifty. Empty if readings have no fact `site`. */
  sites: GroupImpact[]
  /** Impact by month `YYYY-MM`; empty if the readings have no such times, or span more than 120 months. */
  months: GroupImpact[]
  /** Readings that the expression can evaluate under the old policies but not under the new ones. */
  lost: number
  /** Readings left out of all counts, `lost` included: no verdict before or after, mostly for a missing fact. Absent in old reports. */
  unjudged?: number
}

/** Alerts of one bot over the recorded readings of all its scenarios. */
export interface BotLoad extends AlertLoad {
  bot: string
}

/** A field of rule data that the change touches. */
export interface TouchedField {
  policy: string
  field: string
  from?: Json
  to?: Json
  /** Boundary inputs at the old or new value of the field. With 0, the replay does not show the effect of this change. */
  inputs: number
  /** Scenarios whose expression reads the field. */
  scenarios: string[]
}

export interface SimulationImpact {
  scenarios: ScenarioImpact[]
  /** Bots whose replay completed, sorted by id. */
  bots: BotLoad[]
  fields: TouchedField[]
}

/** Alerts of a correct bot by region, for one scenario. `days`: from the first to the last reading, 0 if the corpus has no times. */
export interface ScenarioLoad extends AlertLoad {
  scenario: string
  days: number
  regions: ({ region: string } & AlertLoad)[]
}

/** Predicted alerts by the recorded readings. `after / before`: a ratio; with `days`: rates. `omitted`: regions and bots left out. */
export interface PredictedLoad {
  scenarios: ScenarioLoad[]
  bots: BotLoad[]
  omitted: number
}
