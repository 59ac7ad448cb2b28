import type { Clock } from '../clock.js'

/** Clock that advances only when a test calls it; due tasks run in the order of their times. */
export class ManualClock implements Clock {
  /** Number of tasks scheduled so far. */
  scheduledCount = 0
  private tasks: { at: number; task: () => void }[] = []

  constructor(private time: number) {}

  now(): number {
    return this.time
  }

  elapsed(): number {
    return this.time
  }

  after(ms: number, task: () => void): { cancel: () => void } {
    const entry = { at: this.time + ms, task }
    this.scheduledCount++
    this.tasks.push(entry)
    return { cancel: () => (this.tasks = this.tasks.filter((other) => other !== entry)) }
  }

  advance(ms: number): void {
    const until = this.time + ms
    for (let due = this.next(until); due !== undefined; due = this.next(until)) {
      this.time = Math.max(this.time, due.at)
      this.tasks = this.tasks.filter((other) => other !== due)
      due.task()
    }
    this.time = until
  }

  /** Advances the time as if the process had been suspended: due tasks run late, each once, at the new time. */
  stall(ms: number): void {
    this.time += ms
    const due = this.tasks.filter(({ at }) => at <= this.time).sort((a, b) => a.at - b.at)
    this.tasks = this.tasks.filter((entry) => !due.includes(entry))
    for (const { task } of due) task()
  }

  private next(until: number): { at: number; task: () => void } | undefined {
    return this.tasks.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
  }
}
