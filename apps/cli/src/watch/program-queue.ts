import type { PolicyChange } from './policy-change.js'

/**
 * Runs one program at a time. Of the changes that arrive meanwhile only the newest of each policy is kept: an outdated one is never run.
 */
export class ProgramQueue {
  private readonly waiting = new Map<string, PolicyChange>()
  private running: Promise<void> | undefined
  private closed = false

  /** `run` must not reject. */
  constructor(private readonly run: (change: PolicyChange) => Promise<void>) {}

  push(change: PolicyChange): void {
    // Moved to the end of the queue: the order is that of the newest changes.
    this.waiting.delete(change.id)
    this.waiting.set(change.id, change)
    this.running ??= this.runAll().finally(() => (this.running = undefined))
  }

  /** Drops waiting changes; resolves when no program is running any more. */
  async close(): Promise<void> {
    this.closed = true
    await this.running
  }

  private async runAll(): Promise<void> {
    for (let next = this.next(); next !== undefined && !this.closed; next = this.next()) {
      this.waiting.delete(next.id)
      await this.run(next)
    }
  }

  private next(): PolicyChange | undefined {
    return this.waiting.values().next().value
  }
}
