import type { ReplayReport } from './report.js'
import { replay, type ReplayTask } from './replay.js'
import { ReplayError } from './replay-error.js'

/**
 * Where replays run. `replay` rejects with a `ReplayError` (`HMS_REPLAY_DEADLINE`, `HMS_REPLAY_BUSY`,
 * `HMS_REPLAY_WORKER_LOST`, `HMS_REPLAY_FAILED`) or with the signal's reason, and leaves nothing running.
 */
export interface ReplayRunner {
  replay(task: ReplayTask, signal?: AbortSignal): Promise<ReplayReport>
  close(): Promise<void>
}

/** In the caller's thread, for tests and tools: blocks it, and sees an abort only when it was made before. */
export class InlineReplayRunner implements ReplayRunner {
  constructor(private readonly deadlineMs = 60_000) {}

  async replay(task: ReplayTask, signal?: AbortSignal): Promise<ReplayReport> {
    signal?.throwIfAborted()
    const end = performance.now() + this.deadlineMs
    try {
      return await replay(task, { expired: () => performance.now() > end })
    } catch (error) {
      if (error instanceof ReplayError) throw error
      throw new ReplayError('HMS_REPLAY_FAILED', error instanceof Error ? error.message : String(error), false)
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
