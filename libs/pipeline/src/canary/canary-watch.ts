/** Counting rules of a canary. Stored with the counts, because a verdict is interpreted by the rules of its time. */
export interface WatchRules {
  /** Window in ms. Unexplained alerts of one bot within it count as one event, because they probably have one cause. */
  windowMs: number
  /** Expected unexplained alerts per bot and day; used without a control group, which would show the usual rate. */
  alertsPerBotDay: number
}

/** Connected bots that read one policy: in the cohort, and in the whole scope. */
export interface ScopeBots {
  policy: string
  cohort: number
  connected: number
}

/** Statistics of a canary: exposure and unexplained alerts of its cohort and of its control group, the scope's bots outside the cohort. */
export interface CanaryWatch extends WatchRules {
  bots: ScopeBots[]
  /** Start of counting. Alerts received earlier do not count in either group. */
  from: string
  /** When config-store last counted the bots. */
  heardAt: string
  /** Time up to which exposure has been added. */
  addedUntil: string
  /** Time with a control group: exposure in bot-milliseconds, events, and bounds of the cohort's share of the bots. */
  paired: { cohortMs: number; controlMs: number; cohortEvents: number; controlEvents: number; leastShare: number; mostShare: number }
  /** Time without a control group: exposure in bot-milliseconds, and events. */
  alone: { cohortMs: number; events: number }
  /** Start of each bot's newest event. */
  windows: { bot: string; since: string }[]
  /** Deduplication keys (`once`) of alerts that already began an event. */
  begun: string[]
}
