import type { Trial } from '#libs/contracts'
import type { Clock } from '#libs/platform'

const MAX_RESULTS = 16
const RESULT_MS = 60_000

/** `waiting`: number of callers that have not disconnected. */
type SharedTrial = { result: Promise<Trial>; waiting: number; hasEnded: boolean; unwanted: AbortController }

/** Trials under way, and results for 60 s, by the digests of all that they depend on. */
export class SharedTrials {
  private readonly trials = new Map<string, SharedTrial>()

  constructor(private readonly clock: Clock) {}

  has(prefix: string): boolean {
    return [...this.trials.keys()].some((id) => id.startsWith(prefix))
  }

  /** Joins the trial `id`, or starts it. The signal of `start` is aborted once every caller has disconnected. */
  execute(id: string, disconnected: AbortSignal, start: (unwanted: AbortSignal) => Promise<Trial>): Promise<Trial> {
    const trial = this.trials.get(id) ?? this.start(id, start)
    trial.waiting += 1
    const leave = (): void => {
      trial.waiting -= 1
      if (trial.waiting > 0 || trial.hasEnded) return
      this.trials.delete(id)
      trial.unwanted.abort()
    }
    if (disconnected.aborted) leave()
    else disconnected.addEventListener('abort', leave, { once: true })
    return trial.result
  }

  private start(id: string, start: (unwanted: AbortSignal) => Promise<Trial>): SharedTrial {
    const unwanted = new AbortController()
    const trial: SharedTrial = { result: start(unwanted.signal), waiting: 0, hasEnded: false, unwanted }
    const forget = (): boolean => this.trials.get(id) === trial && this.trials.delete(id)
    this.trials.set(id, trial)
    const end = (result?: Trial): void => {
      trial.hasEnded = true
      // Without a report, the next trial may have a better result.
      if (result == null || result.reportDigest === null) forget()
      else this.clock.after(RESULT_MS, forget)
    }
    trial.result.then(end, () => end())
    for (const [oldest, { hasEnded }] of this.trials) if (this.trials.size > MAX_RESULTS && hasEnded) this.trials.delete(oldest)
    return trial
  }
}
