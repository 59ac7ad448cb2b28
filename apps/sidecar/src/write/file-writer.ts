import { HmsError } from '#libs/contracts'
import { describeError, type Clock, type Logger } from '#libs/platform'
import type { HeldValues } from '../held-values.js'
import type { WrittenFile } from './written-file.js'

/** Retry interval in ms after a failed write, such as on a full disk or with a missing value. */
const RETRY_MS = 10_000

/**
 * Rewrites files, one after the other, when the values of their templates change, for programs that can read only files. Several changes
 * during a write cause one further write, with the newest values. A file that cannot be written stays unchanged and is retried.
 */
export class FileWriter {
  private readonly outdated = new Set<WrittenFile>()
  private readonly failures = new Set<WrittenFile>()
  private off: () => void = () => {}
  private cancelRetry: (() => void) | undefined
  private working: Promise<void> | undefined
  private started = false
  private closed = false

  constructor(
    private readonly files: readonly WrittenFile[],
    private readonly values: Pick<HeldValues, 'explain' | 'on' | 'revision'>,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Writes each file once. Throws the first error, so that a side-car with a wrong configuration does not start. */
  async start(): Promise<void> {
    // Subscribes before the first values are read, so no change is missed.
    this.off = this.values.on('change', ({ id }) => this.changed(id))
    for (const file of this.files) await file.write(this.values)
    this.started = true
    this.work()
  }

  get size(): number {
    return this.files.length
  }

  /** Number of files whose last write failed. */
  get failing(): number {
    return this.failures.size
  }

  /** Resolves when the current round of writes has ended. */
  async idle(): Promise<void> {
    await this.working
  }

  async close(): Promise<void> {
    this.closed = true
    this.off()
    this.cancelRetry?.()
    await this.working
  }

  private changed(id: string): void {
    for (const file of this.files) if (file.ids.has(id)) this.outdated.add(file)
    this.work()
  }

  private work(): void {
    if (this.outdated.size === 0 || !this.started || this.closed) return
    this.working ??= this.writeAll().finally(() => {
      this.working = undefined
      // Writes changes that arrived after the loop over the set had ended.
      this.work()
    })
  }

  private async writeAll(): Promise<void> {
    // The connection emits the changes of a revision in one turn. After it, a file that names two policies is written once for both.
    await Promise.resolve()
    for (const file of this.outdated) {
      if (this.closed) return
      this.outdated.delete(file)
      await this.write(file)
    }
  }

  private async write(file: WrittenFile): Promise<void> {
    try {
      const changed = await file.write(this.values)
      if (changed) this.log.info({ file: file.file, revision: this.values.revision }, 'the file is written')
      this.failures.delete(file)
    } catch (error) {
      const code = error instanceof HmsError ? error.code : undefined
      this.log.error({ file: file.file, code, error: describeError(error) }, 'the file stays as it was')
      this.failures.add(file)
      this.retryLater()
    }
  }

  private retryLater(): void {
    this.cancelRetry ??= this.clock.after(RETRY_MS, () => {
      this.cancelRetry = undefined
      for (const file of this.failures) this.outdated.add(file)
      this.work()
    })
  }
}
