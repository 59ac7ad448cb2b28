import { Worker } from 'node:worker_threads'
import { HmsError } from '#libs/contracts'
import type { Clock } from '#libs/platform'
import type { BotInspector, Inspected } from '../replay/inspect-bot.js'

const DEADLINE_MS = 5_000
/** Limit of waiting modules: at 20 ms each they finish within five seconds; a bad one among them costs five more. */
const MAX_WAITING = 256
const LOST = 'takes the sandbox down'

/**
 * Inspects modules in one thread, one at a time; a module that has not finished after five seconds is refused and its thread ended. Steps
 * are counted inside, but one native call is one step: a module that repeatedly sorts a long list was measured to occupy its thread for
 * more than a minute. An idle thread keeps no process alive.
 */
export class WorkerBotInspector implements BotInspector {
  private last: Promise<unknown> = Promise.resolve()
  private waiting = 0
  private worker: Worker | undefined
  /** Called with the result of the module being loaded: a text is the reason why it cannot be registered. */
  private answer: (given: Inspected | string) => void = () => {}
  private closed = false

  constructor(
    private readonly clock: Clock,
    private readonly entry = new URL('./inspect-entry.js', import.meta.url),
  ) {}

  /** Rejects with `HMS_SIMULATOR_BUSY` (503). */
  async inspect(source: string): Promise<Inspected> {
    if (this.waiting >= MAX_WAITING) throw busy('Too many bots are being registered at the moment. Try again.')
    this.waiting += 1
    const inspection = this.last.then(() => this.run(source))
    this.last = inspection.catch(() => {})
    return inspection.finally(() => (this.waiting -= 1))
  }

  async close(): Promise<void> {
    this.closed = true
    await this.worker?.terminate()
  }

  private async run(source: string): Promise<Inspected> {
    if (this.closed) throw busy('The simulator stops. Try again.')
    const worker = (this.worker ??= this.start())
    worker.ref()
    const given = await new Promise<Inspected | string>((resolve) => {
      const cancel = this.clock.after(DEADLINE_MS, () => resolve(`does not load within ${DEADLINE_MS / 1_000} s`))
      this.answer = (answer) => {
        cancel()
        resolve(answer)
      }
      worker.postMessage(source, [])
    })
    worker.unref()
    if (typeof given !== 'string') return given
    await worker.terminate()
    if (this.closed) throw busy('The simulator stops. Try again.')
    return { error: { code: 'HMS_BOT_INVALID', message: given } }
  }

  private start(): Worker {
    // No environment and no arguments, as for replays: a module that broke out of QuickJS would find nothing here.
    // Its output is held back and never read: Emscripten prints its aborts, which come as the thread's error too, and reading would keep
    // the process alive.
    const worker = new Worker(this.entry, { env: {}, argv: [], execArgv: [], stdout: true, stderr: true })
    worker.on('message', (inspected: Inspected) => this.answer(inspected))
    worker.on('error', () => this.answer(LOST))
    worker.on('exit', () => {
      this.worker = undefined
      this.answer(LOST)
    })
    return worker
  }
}

function busy(detail: string): HmsError {
  return new HmsError('HMS_SIMULATOR_BUSY', detail, { status: 503, retryable: true })
}
