import { pause, systemClock } from '#libs/platform'
import type { Observer } from '../observer.js'

const LOOK_EVERY_MS = 150

/** Who waits for which run to end: one look at the open runs for all of them. */
export class OpenRuns {
  private readonly waiting = new Set<{ run: number; ended: () => void; sinceLook: number }>()
  private looks = 0
  private stopped = false

  constructor(private readonly observer: Observer) {
    void this.look()
  }

  ended(run: number): Promise<void> {
    if (this.stopped) return Promise.resolve()
    // A look that is under way may have begun before the run was there.
    return new Promise((resolve) => this.waiting.add({ run, ended: resolve, sinceLook: this.looks + 1 }))
  }

  /** Nobody has to wait any longer, ended or not. */
  stop(): void {
    this.stopped = true
    for (const { ended } of this.waiting) ended()
  }

  private async look(): Promise<void> {
    while (!this.stopped) {
      const look = this.looks
      const open = await this.observer.rows<{ id: string }>(`SELECT id FROM approver.run WHERE open = 'yes'`).then(
        (rows) => new Set(rows.map(({ id }) => Number(id))),
        () => undefined,
      )
      this.looks = look + 1
      for (const waiter of open === undefined ? [] : this.waiting) {
        if (open!.has(waiter.run) || look < waiter.sinceLook) continue
        this.waiting.delete(waiter)
        waiter.ended()
      }
      await pause(systemClock, LOOK_EVERY_MS)
    }
  }
}
