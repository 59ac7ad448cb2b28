import type { ReplayProgress } from '#libs/contracts'
import { replayAndTry, type Replayed, type ReplayTask } from './replay.js'
import { ReplayError } from './replay-error.js'
import { programsOf } from './shares.js'

/**
 * Port that runs replays. `replay` rejects with a `ReplayError` (`HMS_REPLAY_DEADLINE`, `HMS_REPLAY_BUSY`, `HMS_REPLAY_WORKER_LOST`,
 * `HMS_REPLAY_FAILED`) or with the signal's reason, and leaves nothing running.
 */
export interface ReplayRunner {
  replay(task: ReplayTask, signal?: AbortSignal, onProgress?: OnProgress): Promise<Replayed>
  close(): Promise<void>
}

/** Called before each program, that is all bots with equal source, is run over a scenario. */
export type OnProgress = (progress: ReplayProgress) => void

/** Computes the progress from the programs started so far; a running program is not done. */
export class ProgressCount {
  private begun = 0
  private readonly total: number

  constructor(
    { bots, scenarios }: ReplayTask,
    private readonly onProgress: OnProgress | undefined,
  ) {
    this.total = programsOf(bots).length * scenarios.length
  }

  /** `running`: number of running programs, this one included. */
  starting(running: number): void {
    this.begun += 1
    this.onProgress?.({ done: Math.max(0, this.begun - running), total: this.total })
  }
}

/** Runs replays in the caller's thread, for tests and tools. Blocks that thread, so only an abort before the start has an effect. */
export class InlineReplayRunner implements ReplayRunner {
  constructor(private readonly deadlineMs = 60_000) {}

  async replay(task: ReplayTask, signal?: AbortSignal, onProgress?: OnProgress): Promise<Replayed> {
    signal?.throwIfAborted()
    const end = performance.now() + this.deadlineMs
    const count = new ProgressCount(task, onProgress)
    try {
      return await replayAndTry(task, { expired: () => performance.now() > end, starting: () => count.starting(1) })
    } catch (error) {
      if (error instanceof ReplayError) throw error
      throw new ReplayError('HMS_REPLAY_FAILED', error instanceof Error ? error.message : String(error), false)
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
