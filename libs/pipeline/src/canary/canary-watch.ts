/** How a canary counts. Kept with what it counted: a verdict is read by the rules of its time. */
export interface WatchRules {
  /** Unexplained alerts of one bot within this time are one event: they have one cause. */
  windowMs: number
  /** Unexplained alerts that a bot may raise in a day where no control group says what is usual. */
  alertsPerBotDay: number
}

/** Connected bots that one policy reaches: those of its cohort, and all of the scope. */
export interface ScopeBots {
  policy: string
  cohort: number
  connected: number
}

/** What the statistics know of a canary: exposure and unexplained alerts of its cohort, and of the bots of its scope outside of it. */
export interface CanaryWatch extends WatchRules {
  bots: ScopeBots[]
  /** When the counting began: alerts that were received earlier count in neither group. */
  from: string
  /** When the store last counted the bots. */
  heardAt: string
  /** Until when their time has been added up. */
  addedUntil: string
  /** While both groups were there: bots times milliseconds, events, and the bounds of the cohort's share of the bots. */
  paired: { cohortMs: number; controlMs: number; cohortEvents: number; controlEvents: number; leastShare: number; mostShare: number }
  /** While there was no control group. */
  alone: { cohortMs: number; events: number }
  /** When each bot's newest event began. */
  windows: { bot: string; since: string }[]
  /** Readings that began an event, so that none begins two. */
  begun: string[]
}
