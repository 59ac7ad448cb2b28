import { Random } from './random.js'

/** Resolved: what is asked of it comes with the next microtask, without a promise of its own. */
const NOW = Promise.resolve()

interface Due {
  at: number
  order: number
  action: (() => void) | undefined
}

/** Far above what any seed needs: a system that never comes to rest must fail, not hang. */
const MAX_STEPS = 400_000

/**
 * Virtual time and the order of everything. A task that reaches a gate waits in `ready` until the seed picks it; time moves only when none
 * is ready. Between two picks all microtasks run, so what happens between two gates is one step that nothing can come between.
 */
export class Scheduler {
  nowMs = Date.parse('2026-01-01T00:00:00Z')
  steps = 0
  private readonly ready: (() => void)[] = []
  private readonly heap: Due[] = []
  private order = 0

  constructor(
    private readonly random: Random,
    private readonly maxSteps = MAX_STEPS,
  ) {}

  turn(resume: () => void): void {
    this.ready.push(resume)
  }

  after(delayMs: number, action: () => void): () => void {
    const due: Due = { at: this.nowMs + Math.max(0, delayMs), order: this.order++, action }
    this.push(due)
    return () => {
      due.action = undefined
    }
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve)
    })
  }

  /** Skips time in which nothing would happen: every waiting action moves along. */
  skip(ms: number): void {
    this.nowMs += ms
    for (const due of this.heap) due.at += ms
  }

  /** Runs until `main` is done; rejects with what it threw. */
  run(main: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      let done = false
      main().then(
        () => {
          done = true
        },
        (error: unknown) => {
          done = true
          reject(error instanceof Error ? error : new Error(String(error)))
        },
      )
      const step = (): void => {
        if (done) return resolve()
        try {
          this.next()
        } catch (error) {
          return reject(error instanceof Error ? error : new Error(String(error)))
        }
        // A tick that is asked for from a microtask comes when no microtask is left.
        void NOW.then(soon)
      }
      const soon = (): void => process.nextTick(step)
      process.nextTick(step)
    })
  }

  private next(): void {
    if (++this.steps > this.maxSteps) throw new Error(`no rest after ${this.maxSteps} steps`)
    if (this.ready.length > 0) {
      const index = this.random.below(this.ready.length)
      const resume = this.ready[index]!
      const last = this.ready.pop()!
      if (index < this.ready.length) this.ready[index] = last
      return resume()
    }
    const due = this.pop()
    if (due === undefined) throw new Error('nothing is left to do, and the test is not over')
    this.nowMs = Math.max(this.nowMs, due.at)
    due.action?.()
  }

  private push(due: Due): void {
    const { heap } = this
    let index = heap.length
    heap.push(due)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(due, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = due
  }

  private pop(): Due | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
    return first
  }
}

function before(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
