import { Worker } from 'node:worker_threads'
import { HmsError } from '#libs/contracts'
import type { Clock } from '#libs/platform'
import type { BotInspector, Inspected } from './bot-inspector.js'

const DEADLINE_MS = 5_000
const MAX_WAITING = 16

/**
 * A thread per module, one at a time, ended after five seconds. Steps are counted inside, but one native call is one step: a module
 * that sorts a long list again and again was measured to hold its thread for more than a minute.
 */
export class WorkerBotInspector implements BotInspector {
  private last: Promise<unknown> = Promise.resolve()
  private waiting = 0
  private running: Worker | undefined
  private closed = false

  constructor(
    private readonly clock: Clock,
    private readonly entry = new URL('./inspect-entry.js', import.meta.url),
  ) {}

  /** Rejects with `HMS_SIMULATOR_BUSY` (503). */
  async inspect(source: string): Promise<Inspected> {
    if (this.closed || this.waiting >= MAX_WAITING) throw busy('Too many bots are being registered at the moment. Try again.')
    this.waiting += 1
    const inspection = this.last.then(() => this.run(source))
    this.last = inspection.catch(() => {})
    return inspection.finally(() => (this.waiting -= 1))
  }

  async close(): Promise<void> {
    this.closed = true
    await this.running?.terminate()
  }

  private async run(source: string): Promise<Inspected> {
    if (this.closed) throw busy('The simulator stops. Try again.')
    // No environment and no arguments, as for replays: a module that broke out of QuickJS would find nothing here.
    const worker = new Worker(this.entry, { workerData: source, env: {}, argv: [], execArgv: [], stdout: true, stderr: true })
    this.running = worker
    worker.stdout.resume()
    worker.stderr.resume()
    let cancel = (): void => {}
    try {
      return await new Promise<Inspected>((resolve) => {
        cancel = this.clock.after(DEADLINE_MS, () => resolve(invalid(`does not load within ${DEADLINE_MS / 1_000} s`)))
        worker.once('message', resolve)
        worker.once('error', () => resolve(invalid('takes the sandbox down')))
        worker.once('exit', () => resolve(invalid('takes the sandbox down')))
      })
    } finally {
      cancel()
      this.running = undefined
      await worker.terminate()
    }
  }
}

function invalid(message: string): Inspected {
  return { error: { code: 'HMS_BOT_INVALID', message } }
}

function busy(detail: string): HmsError {
  return new HmsError('HMS_SIMULATOR_BUSY', detail, { status: 503, retryable: true })
}
