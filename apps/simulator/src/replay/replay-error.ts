export type ReplayErrorCode = 'HMS_REPLAY_DEADLINE' | 'HMS_REPLAY_BUSY' | 'HMS_REPLAY_WORKER_LOST' | 'HMS_REPLAY_FAILED'

/** A replay that gave no report. It says nothing about any bot; `retryable` ones may be run again unchanged. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError'

  constructor(
    readonly code: ReplayErrorCode,
    message: string,
    readonly retryable: boolean,
  ) {
    super(message)
  }
}
