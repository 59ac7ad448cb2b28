import { Worker, type WorkerOptions } from 'node:worker_threads'
import { ReplayError } from './replay-error.js'

/** Message that a thread sends about its task: any number of `starting` with the id of a bot, then one `report` or `failure`. */
export type ThreadReply<Report> = { starting: string } | { report: Report } | { failure: string }

interface Running<Report> {
  resolve: (report: Report) => void
  reject: (error: unknown) => void
  onStarting: (bot: string) => void
}

/** Worker thread for one task at a time. Starts with its next task, also after `end`. If idle, it does not keep the process alive. */
export class SandboxThread<Task, Report> {
  /** Id of the bot that is running. */
  bot: string | undefined
  #worker: Worker | undefined
  #running: Running<Report> | undefined

  constructor(
    private readonly entry: URL,
    private readonly options: Pick<WorkerOptions, 'stdout' | 'stderr'> = {},
  ) {}

  get isBusy(): boolean {
    return this.#running !== undefined
  }

  /** Runs a task. Rejects with `HMS_REPLAY_WORKER_LOST`, `HMS_REPLAY_FAILED`, or the reason given to `end`. */
  run(task: Task, onStarting: (bot: string) => void = () => {}): Promise<Report> {
    const report = new Promise<Report>((resolve, reject) => {
      this.#running = { resolve, reject, onStarting }
    })
    const worker = (this.#worker ??= this.#start())
    worker.ref()
    worker.postMessage(task, [])
    return report
  }

  /** Terminates the thread, then rejects its task with `reason`. A busy thread can only be stopped this way. */
  async end(reason: unknown): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    const running = this.#takeRunning()
    await worker?.terminate()
    running?.reject(reason)
  }

  #start(): Worker {
    // No environment and no arguments: a bot that escaped QuickJS would still find nothing useful here.
    const worker = new Worker(this.entry, { env: {}, argv: [], execArgv: [], ...this.options })
    const lost = (why: string) => {
      if (this.#worker === worker) void this.end(new ReplayError('HMS_REPLAY_WORKER_LOST', `the replay worker was lost: ${why}`, true))
    }
    worker.on('message', (reply: ThreadReply<Report>) => {
      if (this.#worker === worker) this.#onReply(worker, reply)
    })
    worker.on('error', (error) => lost(error.message))
    worker.on('exit', (code) => lost(`exit ${code}`))
    return worker
  }

  #onReply(worker: Worker, reply: ThreadReply<Report>): void {
    if ('starting' in reply) {
      this.bot = reply.starting
      return this.#running?.onStarting(reply.starting)
    }
    worker.unref()
    const running = this.#takeRunning()
    if ('report' in reply) running?.resolve(reply.report)
    else running?.reject(new ReplayError('HMS_REPLAY_FAILED', reply.failure, false))
  }

  #takeRunning(): Running<Report> | undefined {
    const running = this.#running
    this.#running = undefined
    this.bot = undefined
    return running
  }
}
