import type { ReplayProgress, RunDossier } from '#libs/contracts'
import { TransientError } from '#libs/platform'
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common'
import type { ReplayRunner } from '../replay/replay-runner.js'
import { policiesOf } from '../scenarios/policies-of-run.js'
import { REPLAY_RUNNER, ReplayRun, type ReplayOutcome } from './replay-run.js'

type Attempt = { run: number; attempt: number }

/** The replays of this process, so that one whose verdict nobody waits for gives the worker free. */
@Injectable()
export class Replaying implements OnApplicationShutdown {
  private readonly stopping = new AbortController()
  private readonly wanted = new Map<string, AbortController>()
  private readonly progress = new Map<string, ReplayProgress>()

  constructor(
    private readonly replayRun: ReplayRun,
    @Inject(REPLAY_RUNNER) private readonly runner: ReplayRunner,
  ) {}

  /** `undefined` when the replay was stopped. Rejects with `TransientError` when another process should take it up. */
  async execute(of: Attempt, dossier: RunDossier): Promise<ReplayOutcome | undefined> {
    const id = idOf(of)
    // A claim whose lease ran out (the process was held up) is claimed again: the verdict of the older replay would not count.
    this.stop(of)
    const wanted = new AbortController()
    this.wanted.set(id, wanted)
    try {
      const signal = AbortSignal.any([this.stopping.signal, wanted.signal])
      return await this.replayRun.execute(policiesOf(dossier), signal, (progress) => {
        if (this.wanted.get(id) === wanted) this.progress.set(id, progress)
      })
    } catch (error) {
      if (wanted.signal.aborted) return undefined
      if (this.stopping.signal.aborted) throw new TransientError('the simulator stops', { cause: error })
      throw error
    } finally {
      if (this.wanted.get(id) === wanted) {
        this.wanted.delete(id)
        this.progress.delete(id)
      }
    }
  }

  /** `undefined` while this process does not replay it. */
  progressOf(of: Attempt): ReplayProgress | undefined {
    return this.progress.get(idOf(of))
  }

  stop(of: Attempt): void {
    this.wanted.get(idOf(of))?.abort()
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort()
    await this.runner.close()
  }
}

function idOf({ run, attempt }: Attempt): string {
  return `${run}:${attempt}`
}
