/** Counting rules of a canary. Stored with the counts, because a verdict is interpreted by the rules of its time. */
export interface WatchRules {
  /** Window in ms: unexplained alerts of one bot within it are one event, because they have one cause. */
  windowMs: number
  /** Unexplained alerts allowed per bot and day; used when no control group shows the usual rate. */
  alertsPerBotDay: number
}

/** Numbers of connected bots that one policy reaches: in its cohort, and in the whole scope. */
export interface ScopeBots {
  policy: string
  cohort: number
  connected: number
}

/** Statistics of a canary: exposure and unexplained alerts of its cohort, and of the bots of its scope outside it (the control group). */
export interface CanaryWatch extends WatchRules {
  bots: ScopeBots[]
  /** Start of counting; alerts received earlier count in neither group. */
  from: string
  /** When the store last counted the bots. */
  heardAt: string
  /** Time up to which exposure has been added. */
  addedUntil: string
  /** While both groups exist: exposure in bot-milliseconds, events, and bounds of the cohort's share of the bots. */
  paired: { cohortMs: number; controlMs: number; cohortEvents: number; controlEvents: number; leastShare: number; mostShare: number }
  /** The same while there is no control group. */
  alone: { cohortMs: number; events: number }
  /** Start of each bot's newest event. */
  windows: { bot: string; since: string }[]
  /** Readings that began an event; each begins at most one. */
  begun: string[]
}
