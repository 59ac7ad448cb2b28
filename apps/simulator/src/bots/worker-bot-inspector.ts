import { HmsError } from '#libs/contracts'
import type { Clock } from '#libs/platform'
import type { BotInspector, Inspected } from '../replay/inspect-bot.js'
import { SandboxThread } from '../replay/sandbox-thread.js'

const DEADLINE_MS = 5_000
/** Limit of waiting modules. At 20 ms each, the last one waits 5 s, and 5 s more per module that exceeds the deadline. */
const MAX_WAITING = 256
const LATE = new Error(`does not load within ${DEADLINE_MS / 1_000} s`)

/**
 * Inspects modules one at a time in a thread that, when idle, does not keep the process alive. Refuses a module after five seconds and ends
 * its thread: the step limit counts a slow native call as one step, so sorting a long list repeatedly took over a minute (measured).
 */
export class WorkerBotInspector implements BotInspector {
  private readonly thread: SandboxThread<string, Inspected>
  private last: Promise<unknown> = Promise.resolve()
  private waiting = 0
  private closed = false

  constructor(
    private readonly clock: Clock,
    entry = new URL('./inspect-entry.js', import.meta.url),
  ) {
    // Output is discarded: reading it would keep the process alive. Emscripten's aborts, printed there, also arrive as the thread's error.
    this.thread = new SandboxThread(entry, { stdout: true, stderr: true })
  }

  /** Rejects with `HMS_SIMULATOR_BUSY` (503) if too many modules wait, or if the simulator stops. */
  async inspect(source: string): Promise<Inspected> {
    if (this.waiting >= MAX_WAITING) throw busy('Too many bots are being registered at the moment. Try again.')
    this.waiting += 1
    const inspection = this.last.then(() => this.run(source))
    this.last = inspection.catch(() => {})
    return inspection.finally(() => (this.waiting -= 1))
  }

  async close(): Promise<void> {
    this.closed = true
    await this.thread.end(stopping())
  }

  private async run(source: string): Promise<Inspected> {
    if (this.closed) throw stopping()
    const cancel = this.clock.after(DEADLINE_MS, () => void this.thread.end(LATE))
    try {
      return await this.thread.run(source)
    } catch (error) {
      if (this.closed) throw stopping()
      return { error: { code: 'HMS_BOT_INVALID', message: error === LATE ? LATE.message : 'takes the sandbox down' } }
    } finally {
      cancel()
    }
  }
}

function stopping(): HmsError {
  return busy('The simulator stops. Try again.')
}

function busy(detail: string): HmsError {
  return new HmsError('HMS_SIMULATOR_BUSY', detail, { status: 503, retryable: true })
}
