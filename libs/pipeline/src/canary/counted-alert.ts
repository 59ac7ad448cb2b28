export interface AlertingBot {
  bot: string
  alerts: number
}

export interface UnexplainedAlert {
  alert: string
  bot: string
  reading: string
  reason: string
}

/** Canary head that may serve a bot, and the bot's bucket for the policy: the bot is in the cohort if the bucket is below the share. */
export interface CohortHead {
  policy: string
  scope: string
  bucket: number
}

/** An alert of a bot of the cohort, received while the canary counted alerts. */
export interface CountedAlert extends UnexplainedAlert {
  /** Deduplication key: identical for repeated alerts of one bot on one reading. */
  once: string
  /** Whether the bot had an open stream, so that `expected` counts it. */
  connected: boolean
  /** Set if `bot` is a key, and no stream of its bots acknowledged a release of the canary. */
  ofKey?: true
  /** Whether the scenarios show that the new policy itself implies the alert. */
  explained: boolean
  /** RFC 3339. */
  receivedAt: string
  /** Heads whose storage time config-store has not reported yet. The alert counts if one was stored before it. */
  awaits?: readonly CohortHead[]
}
