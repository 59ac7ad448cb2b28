export type ReplayErrorCode = 'HMS_REPLAY_DEADLINE' | 'HMS_REPLAY_BUSY' | 'HMS_REPLAY_WORKER_LOST' | 'HMS_REPLAY_FAILED'

/** Replay without a report. It is unrelated to any bot; a `retryable` one may be run again unchanged. */
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
