export type ReplayErrorCode = 'HMS_REPLAY_DEADLINE' | 'HMS_REPLAY_BUSY' | 'HMS_REPLAY_WORKER_LOST' | 'HMS_REPLAY_FAILED'

/** Error of a replay that gave no report, for a reason unrelated to any bot. If `retryable`, the same replay may be run again. */
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
