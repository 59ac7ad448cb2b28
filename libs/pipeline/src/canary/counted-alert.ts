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

/** A head of a canary that takes a bot in: the bot's bucket of that policy lies below its share. */
export interface CohortPlace {
  policy: string
  scope: string
  bucket: number
}

/** An alert that counts: of the cohort, in time. */
export interface CountedAlert extends UnexplainedAlert {
  /** The same for the same reading of the same bot. */
  once: string
  /** Whether its bot was connected, and so is among those that the members expect. */
  connected: boolean
  /** `bot` is a key whose bots' streams acknowledged nothing of the canary. */
  ofKey?: true
  /** Whether the new policy itself implies the alert, as the scenarios say. */
  explained: boolean
  /** RFC 3339. */
  receivedAt: string
  /** Heads of which the store has not said yet since when it has them: whether the alert counts depends on that. */
  awaits?: readonly CohortPlace[]
}
