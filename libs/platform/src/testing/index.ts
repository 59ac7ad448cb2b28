import type { Clock } from '../clock.js'

/** Clock for tests, which advances only on command. */
export class VirtualClock implements Clock {
  private nowMs: number
  private nextId = 0
  private readonly pending = new Map<number, { at: number; action: () => void }>()

  constructor(start = '2026-01-01T00:00:00Z') {
    this.nowMs = Date.parse(start)
  }

  now(): Date {
    return new Date(this.nowMs)
  }

  elapsedMs(): number {
    return this.nowMs
  }

  after(delayMs: number, action: () => void): () => void {
    const id = this.nextId++
    this.pending.set(id, { at: this.nowMs + Math.max(0, delayMs), action })
    return () => this.pending.delete(id)
  }

  /** Due time of the earliest pending action, in epoch milliseconds. */
  nextAt(): number | undefined {
    let earliest: number | undefined
    for (const { at } of this.pending.values()) if (earliest === undefined || at < earliest) earliest = at
    return earliest
  }

  /** Advances time to `toMs`, running due actions in order. */
  advanceTo(toMs: number): void {
    for (;;) {
      const due = [...this.pending.entries()].filter(([, entry]) => entry.at <= toMs).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0]
      if (due === undefined) break
      this.pending.delete(due[0])
      this.nowMs = Math.max(this.nowMs, due[1].at)
      due[1].action()
    }
    this.nowMs = Math.max(this.nowMs, toMs)
  }
}
