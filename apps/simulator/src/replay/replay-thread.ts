import { Worker } from 'node:worker_threads'
import type { ReplayTask } from './replay.js'
import { ReplayError } from './replay-error.js'
import type { ReplayReport } from './report.js'
import type { WorkerReply } from './worker-entry.js'

interface Running {
  resolve: (report: ReplayReport) => void
  reject: (error: unknown) => void
  onStarting: (bot: string) => void
}

/** One worker thread, one task at a time. It starts with its first task, and again after an end; an idle one keeps no process alive. */
export class ReplayThread {
  /** Id of the bot that is running. */
  bot: string | undefined
  #worker: Worker | undefined
  #running: Running | undefined

  constructor(private readonly entry: URL) {}

  get isBusy(): boolean {
    return this.#running !== undefined
  }

  /** Rejects with `HMS_REPLAY_WORKER_LOST`, `HMS_REPLAY_FAILED`, or the reason given to `end`. */
  run(task: ReplayTask, onStarting: (bot: string) => void): Promise<ReplayReport> {
    const report = new Promise<ReplayReport>((resolve, reject) => {
      this.#running = { resolve, reject, onStarting }
    })
    const worker = (this.#worker ??= this.#start())
    worker.ref()
    worker.postMessage(task, [])
    return report
  }

  /** Terminates the thread with its task: a busy thread cannot be stopped otherwise. */
  async end(reason: unknown): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    this.#settle()?.reject(reason)
    await worker?.terminate()
  }

  #start(): Worker {
    // No environment and no arguments: a bot that escaped QuickJS would still find nothing useful here.
    const worker = new Worker(this.entry, { env: {}, argv: [], execArgv: [] })
    const lost = (why: string) => {
      if (this.#worker === worker) void this.end(new ReplayError('HMS_REPLAY_WORKER_LOST', `the replay worker was lost: ${why}`, true))
    }
    worker.on('message', (reply: WorkerReply) => {
      if (this.#worker === worker) this.#answer(worker, reply)
    })
    worker.on('error', (error) => lost(error.message))
    worker.on('exit', (code) => lost(`exit ${code}`))
    return worker
  }

  #answer(worker: Worker, reply: WorkerReply): void {
    if ('starting' in reply) {
      this.bot = reply.starting
      return this.#running?.onStarting(reply.starting)
    }
    worker.unref()
    const running = this.#settle()
    if ('report' in reply) running?.resolve(reply.report)
    else running?.reject(new ReplayError('HMS_REPLAY_FAILED', reply.failure, false))
  }

  #settle(): Running | undefined {
    const running = this.#running
    this.#running = undefined
    this.bot = undefined
    return running
  }
}
