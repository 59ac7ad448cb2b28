import { Worker } from 'node:worker_threads'
import type { ReplayReport } from './report.js'
import type { ReplayTask } from './replay.js'
import { ReplayError } from './replay-error.js'
import type { ReplayRunner } from './replay-runner.js'
import type { WorkerReply } from './worker-entry.js'

export interface WorkerRunnerOptions {
  /** Wall time of one replay, milliseconds, from its start in the worker. */
  deadlineMs: number
  /** Replays that may wait behind the running one; further ones are refused with `HMS_REPLAY_BUSY`. */
  queueLimit: number
  /** The worker's module; only the compiled one can be loaded by a thread. */
  entry: URL
}

const DEFAULTS: WorkerRunnerOptions = { deadlineMs: 120_000, queueLimit: 16, entry: new URL('./worker-entry.js', import.meta.url) }

interface Job {
  task: ReplayTask
  resolve: (report: ReplayReport) => void
  reject: (error: unknown) => void
}

/**
 * One worker thread, one replay at a time, in the order they came. The thread is ended when a replay is aborted, passes
 * its deadline or takes the thread down, and the next replay starts a fresh one. An idle thread keeps no process alive.
 */
export class WorkerReplayRunner implements ReplayRunner {
  readonly #options: WorkerRunnerOptions
  readonly #waiting: Job[] = []
  #running: { job: Job; timer: NodeJS.Timeout; bot?: string } | undefined
  #worker: Worker | undefined
  #closed = false

  constructor(options: Partial<WorkerRunnerOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options }
  }

  async replay(task: ReplayTask, signal?: AbortSignal): Promise<ReplayReport> {
    signal?.throwIfAborted()
    if (this.#closed) throw new ReplayError('HMS_REPLAY_BUSY', 'the replay worker is closed', true)
    if (this.#waiting.length >= this.#options.queueLimit) {
      throw new ReplayError('HMS_REPLAY_BUSY', `${this.#waiting.length} replays are waiting already`, true)
    }
    const { promise, job } = newJob(task)
    const abort = () => this.#drop(job, signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    this.#waiting.push(job)
    this.#next()
    return promise.finally(() => signal?.removeEventListener('abort', abort))
  }

  /** Rejects what runs and waits, and ends the thread. */
  async close(): Promise<void> {
    this.#closed = true
    const lost = new ReplayError('HMS_REPLAY_WORKER_LOST', 'the replay worker was closed', true)
    for (const job of this.#waiting.splice(0)) job.reject(lost)
    const worker = this.#worker
    this.#end(lost)
    await worker?.terminate()
  }

  #next(): void {
    if (this.#running || this.#closed) return
    const job = this.#waiting.shift()
    if (!job) return
    const { deadlineMs } = this.#options
    this.#running = { job, timer: setTimeout(() => this.#late(), deadlineMs) }
    const worker = (this.#worker ??= this.#start())
    worker.ref()
    worker.postMessage(job.task, [])
  }

  /** The bot that was running is named: one native call that takes minutes is not counted as steps, so no class tells of it. */
  #late(): void {
    const where = this.#running?.bot === undefined ? '' : ` in bot ${this.#running.bot}`
    this.#end(new ReplayError('HMS_REPLAY_DEADLINE', `the replay was given up after ${this.#options.deadlineMs} ms${where}`, true))
  }

  #start(): Worker {
    // No environment and no arguments: a bot that broke out of QuickJS would still find nothing worth taking here.
    const worker = new Worker(this.#options.entry, { env: {}, argv: [], execArgv: [] })
    const lost = (why: string) => {
      if (this.#worker === worker) this.#end(new ReplayError('HMS_REPLAY_WORKER_LOST', `the replay worker was lost: ${why}`, true))
    }
    worker.on('message', (reply: WorkerReply) => this.#answer(worker, reply))
    worker.on('error', (error) => lost(error.message))
    worker.on('exit', (code) => lost(`exit ${code}`))
    return worker
  }

  #answer(worker: Worker, reply: WorkerReply): void {
    if (this.#worker !== worker || !this.#running) return
    if ('starting' in reply) {
      this.#running.bot = reply.starting
      return
    }
    const { job, timer } = this.#running
    clearTimeout(timer)
    this.#running = undefined
    worker.unref()
    if ('report' in reply) job.resolve(reply.report)
    else job.reject(new ReplayError('HMS_REPLAY_FAILED', reply.failure, false))
    this.#next()
  }

  /** Gives up the running replay together with its thread; a thread that is busy cannot be told to stop otherwise. */
  #end(reason: unknown): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
    if (this.#running) {
      clearTimeout(this.#running.timer)
      this.#running.job.reject(reason)
      this.#running = undefined
    }
    this.#next()
  }

  #drop(job: Job, reason: unknown): void {
    if (this.#running?.job === job) return this.#end(reason)
    const index = this.#waiting.indexOf(job)
    if (index >= 0) this.#waiting.splice(index, 1)
    job.reject(reason)
  }
}

function newJob(task: ReplayTask): { promise: Promise<ReplayReport>; job: Job } {
  let job: Job | undefined
  const promise = new Promise<ReplayReport>((resolve, reject) => {
    job = { task, resolve, reject }
  })
  return { promise, job: job as Job }
}
