import type { ReplayProgress, RunDossier } from '#libs/contracts'
import { TransientError } from '#libs/platform'
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common'
import type { ReplayRunner } from '../replay/replay-runner.js'
import { policiesOf } from '../scenarios/policies-of-run.js'
import { REPLAY_RUNNER, ReplayRun, type ReplayOutcome } from './replay-run.js'

type Attempt = { run: number; attempt: number }

/** Maximum number of replays in this process. Each holds its readings while it waits for the worker. */
const MAX_REPLAYS = 16

/** Tracks the replays of this process, so that a replay whose verdict is no longer needed frees the worker. */
@Injectable()
export class RunningReplays implements OnApplicationShutdown {
  private readonly stopping = new AbortController()
  private readonly running = new Map<string, AbortController>()
  private readonly progress = new Map<string, ReplayProgress>()

  constructor(
    private readonly replayRun: ReplayRun,
    @Inject(REPLAY_RUNNER) private readonly runner: ReplayRunner,
  ) {}

  /** Resolves to `undefined` if the replay was stopped. Rejects with `TransientError` if another process should run it. */
  async execute(of: Attempt, dossier: RunDossier): Promise<ReplayOutcome | undefined> {
    const id = idOf(of)
    // The attempt is claimed again if its lease expired because the process was blocked. The verdict of the older replay would not count.
    this.stop(of)
    if (this.running.size >= MAX_REPLAYS) throw new TransientError(`${MAX_REPLAYS} replays run or wait in this process`)
    const controller = new AbortController()
    this.running.set(id, controller)
    try {
      const signal = AbortSignal.any([this.stopping.signal, controller.signal])
      return await this.replayRun.execute(policiesOf(dossier), signal, (progress) => {
        if (this.running.get(id) === controller) this.progress.set(id, progress)
      })
    } catch (error) {
      if (controller.signal.aborted) return undefined
      if (this.stopping.signal.aborted) throw new TransientError('the simulator stops', { cause: error })
      throw error
    } finally {
      if (this.running.get(id) === controller) {
        this.running.delete(id)
        this.progress.delete(id)
      }
    }
  }

  /** Returns the progress of a replay; `undefined` while this process does not run it. */
  progressOf(of: Attempt): ReplayProgress | undefined {
    return this.progress.get(idOf(of))
  }

  stop(of: Attempt): void {
    this.running.get(idOf(of))?.abort()
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort()
    await this.runner.close()
  }
}

function idOf({ run, attempt }: Attempt): string {
  return `${run}:${attempt}`
}
