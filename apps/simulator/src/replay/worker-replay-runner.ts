import type { Replayed, ReplayTask } from './replay.js'
import { ReplayError } from './replay-error.js'
import { ProgressCount, type OnProgress, type ReplayRunner } from './replay-runner.js'
import { SandboxThread } from './sandbox-thread.js'
import { mergedReport, sharesOf } from './shares.js'

export interface WorkerRunnerOptions {
  /** Maximum wall time of one replay in ms, from its start in the workers. */
  deadlineMs: number
  /** Maximum number of replays that wait behind the running one; further ones are refused with `HMS_REPLAY_BUSY`. */
  queueLimit: number
  /** Number of threads among which the programs of a replay (bots with equal source) are split. The report does not depend on it. */
  workers: number
  /** Module of the worker. A thread can load only the compiled one. */
  entry: URL
}

const DEFAULTS: WorkerRunnerOptions = {
  deadlineMs: 120_000,
  queueLimit: 16,
  workers: 1,
  entry: new URL('./worker-entry.js', import.meta.url),
}

interface Job {
  task: ReplayTask
  onProgress: OnProgress | undefined
  resolve: (replayed: Replayed) => void
  reject: (error: unknown) => void
}

/**
 * Runs one replay at a time, in order of arrival, split over the threads. If the replay is aborted, exceeds its deadline or fails in one
 * thread, the threads that still run it are ended, and the next replay starts new ones.
 */
export class WorkerReplayRunner implements ReplayRunner {
  readonly #options: WorkerRunnerOptions
  readonly #threads: SandboxThread<ReplayTask, Replayed>[]
  readonly #waiting: Job[] = []
  #running: Job | undefined
  #closed = false

  constructor(options: Partial<WorkerRunnerOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options }
    const { workers, entry } = this.#options
    this.#threads = Array.from({ length: workers }, () => new SandboxThread(entry))
  }

  async replay(task: ReplayTask, signal?: AbortSignal, onProgress?: OnProgress): Promise<Replayed> {
    signal?.throwIfAborted()
    if (this.#closed) throw new ReplayError('HMS_REPLAY_BUSY', 'the replay worker is closed', true)
    if (this.#waiting.length >= this.#options.queueLimit)
      throw new ReplayError('HMS_REPLAY_BUSY', `${this.#waiting.length} replays are waiting already`, true)
    const ended = new AbortController()
    return new Promise<Replayed>((resolve, reject) => {
      const job = { task, onProgress, resolve, reject }
      signal?.addEventListener('abort', () => this.#drop(job, signal.reason), { signal: ended.signal })
      this.#waiting.push(job)
      this.#next()
    }).finally(() => ended.abort())
  }

  /** Rejects running and waiting replays, and ends the threads. */
  async close(): Promise<void> {
    this.#closed = true
    const lost = new ReplayError('HMS_REPLAY_WORKER_LOST', 'the replay worker was closed', true)
    for (const job of this.#waiting.splice(0)) job.reject(lost)
    await Promise.all(this.#threads.map((thread) => thread.end(lost)))
  }

  #next(): void {
    if (this.#running || this.#closed) return
    const job = this.#waiting.shift()
    if (!job) return
    this.#running = job
    const timer = setTimeout(() => this.#onDeadline(), this.#options.deadlineMs)
    void this.#runShares(job)
      .then(job.resolve, (error: unknown) => {
        this.#endBusy(error)
        job.reject(error)
      })
      .finally(() => {
        clearTimeout(timer)
        this.#running = undefined
        this.#next()
      })
  }

  async #runShares({ task, onProgress }: Job): Promise<Replayed> {
    const count = new ProgressCount(task, onProgress)
    const starting = (): void => count.starting(this.#threads.filter((thread) => thread.bot !== undefined).length)
    const [first, ...rest] = sharesOf(task, this.#threads.length).map((share, index) => this.#threads[index]!.run(share, starting))
    const [replayed, ...others] = await Promise.all([first!, ...rest])
    return { ...replayed, report: mergedReport([replayed.report, ...others.map(({ report }) => report)]) }
  }

  /**
   * Fails the replay at its deadline and names the running bots. A native call that runs for minutes consumes no interpreter steps, so the
   * step limit of a bot (class `BUDGET`) does not catch it.
   */
  #onDeadline(): void {
    const bots = this.#threads.flatMap(({ bot }) => bot ?? [])
    const where = bots.length === 0 ? '' : ` in bot ${bots.join(' and ')}`
    this.#endBusy(new ReplayError('HMS_REPLAY_DEADLINE', `the replay was given up after ${this.#options.deadlineMs} ms${where}`, true))
  }

  #endBusy(reason: unknown): void {
    for (const thread of this.#threads) if (thread.isBusy) void thread.end(reason)
  }

  #drop(job: Job, reason: unknown): void {
    if (this.#running === job) return this.#endBusy(reason)
    const index = this.#waiting.indexOf(job)
    if (index >= 0) this.#waiting.splice(index, 1)
    job.reject(reason)
  }
}
