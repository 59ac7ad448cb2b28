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

/** Canary head whose cohort contains a bot: the bot's bucket of the policy is below the head's share. */
export interface CohortPlace {
  policy: string
  scope: string
  bucket: number
}

/** Alert of the cohort, received in time. */
export interface CountedAlert extends UnexplainedAlert {
  /** Deduplication key: equal for the same reading of the same bot. */
  once: string
  /** Whether its bot was connected and is therefore among the expected bots. */
  connected: boolean
  /** `bot` is a key whose bots' streams acknowledged nothing of the canary. */
  ofKey?: true
  /** Whether the scenarios show that the new policy itself implies the alert. */
  explained: boolean
  /** RFC 3339. */
  receivedAt: string
  /** Heads whose storage time is not reported yet; whether the alert counts depends on it. */
  awaits?: readonly CohortPlace[]
}
