import { HmsError, type Trial } from '#libs/contracts'
import type { Clock } from '#libs/platform'

const MAX_RESULTS = 16
const RESULT_MS = 60_000

interface SharedTrial {
  result: Promise<Trial>
  waiting: number
  /** Set once the trial has ended. */
  ended: boolean
  unwanted: AbortController
}

/** Trials under way and their results for 60 s, by the digests of all that they depend on. Callers with the same id share one trial. */
export class SharedTrials {
  private readonly trials = new Map<string, SharedTrial>()

  constructor(private readonly clock: Clock) {}

  /** Whether a trial or result has an id that begins with `prefix`. */
  has(prefix: string): boolean {
    return [...this.trials.keys()].some((id) => id.startsWith(prefix))
  }

  /**
   * Joins the trial `id`, or starts it. `start` gets a signal that is aborted once every caller has disconnected. A caller who disconnects
   * gets `HMS_TRIAL_INTERRUPTED` (503).
   */
  async execute(id: string, disconnected: AbortSignal, start: (unwanted: AbortSignal) => Promise<Trial>): Promise<Trial> {
    const trial = this.trials.get(id) ?? this.start(id, start)
    trial.waiting += 1
    let leave = (): void => {}
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => {
        trial.waiting -= 1
        if (trial.waiting > 0 || trial.ended) return reject(interrupted())
        // The last caller gets the error of the trial, after the trial has freed its slot.
        this.forget(id, trial)
        trial.unwanted.abort()
      }
    })
    if (disconnected.aborted) leave()
    else disconnected.addEventListener('abort', leave, { once: true })
    return Promise.race([trial.result, left]).finally(() => disconnected.removeEventListener('abort', leave))
  }

  private start(id: string, start: (unwanted: AbortSignal) => Promise<Trial>): SharedTrial {
    const unwanted = new AbortController()
    const trial: SharedTrial = { result: start(unwanted.signal), waiting: 0, ended: false, unwanted }
    this.trials.set(id, trial)
    const end = (isKept: boolean): void => {
      trial.ended = true
      if (isKept) this.clock.after(RESULT_MS, () => this.forget(id, trial))
      else this.forget(id, trial)
    }
    // Without a report, the next trial may have a better result.
    trial.result.then(({ reportDigest }) => end(reportDigest !== null)).catch(() => end(false))
    for (const [oldest, { ended }] of this.trials) if (this.trials.size > MAX_RESULTS && ended) this.trials.delete(oldest)
    return trial
  }

  private forget(id: string, trial: SharedTrial): void {
    if (this.trials.get(id) === trial) this.trials.delete(id)
  }
}

function interrupted(): HmsError {
  return new HmsError('HMS_TRIAL_INTERRUPTED', 'The caller has disconnected.', { status: 503 })
}
