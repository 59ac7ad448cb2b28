import type { Clock } from '#libs/platform'
import type { Scheduler } from './scheduler.js'

export type Fate = 'go on' | 'die'

/**
 * One life of one process. It touches the world only through ports, and every port call passes a gate: there the seed may let others go
 * first, stop the process for a while (SIGSTOP), or end it (`kill -9`). An await that touches no port changes nothing that anyone else can
 * see, so gates at port calls are as good as a crash at every await.
 */
export class Incarnation {
  alive = true
  paused = false
  /**
   * What waits for a dead process waits for ever. One for each life: whatever waits for a shared one would be kept, and with it its whole
   * seed.
   */
  readonly never = new Promise<never>(() => {})
  private readonly stopped: (() => void)[] = []
  private readonly mourners: (() => void)[] = []

  constructor(
    readonly name: string,
    private readonly scheduler: Scheduler,
    /** Asked at every gate. */
    private readonly fateAt: (incarnation: Incarnation) => Fate,
  ) {}

  gate(): Promise<void> {
    if (!this.alive) return this.never
    return new Promise((resolve) => this.scheduler.turn(() => this.proceed(resolve)))
  }

  /** The same for what takes a while, such as a way over the network. */
  passage(delayMs: number): Promise<void> {
    if (!this.alive) return this.never
    return new Promise((resolve) => {
      this.scheduler.after(delayMs, () => this.proceed(resolve))
    })
  }

  kill(): void {
    if (!this.alive) return
    this.alive = false
    this.stopped.length = 0
    for (const mourner of this.mourners.splice(0)) mourner()
  }

  pause(): void {
    this.paused = true
  }

  /** SIGCONT: it goes on where it was, believing what it believed. */
  resume(): void {
    this.paused = false
    for (const go of this.stopped.splice(0)) this.scheduler.turn(() => this.proceed(go))
  }

  onDeath(mourner: () => void): void {
    this.mourners.push(mourner)
  }

  /** Timers of this process: they do not fire once it is dead, and late when it was stopped. */
  readonly clock: Clock = {
    now: () => new Date(this.scheduler.nowMs),
    elapsedMs: () => this.scheduler.nowMs,
    after: (delayMs, action) => {
      if (!this.alive) return () => {}
      return this.scheduler.after(delayMs, () => this.proceed(action))
    },
  }

  private proceed(go: () => void): void {
    if (!this.alive) return
    if (this.paused) return void this.stopped.push(go)
    if (this.fateAt(this) === 'die') return this.kill()
    go()
  }
}
