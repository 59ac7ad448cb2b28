import { command, type ServiceName } from '#libs/contracts'
import { describeError, PeriodicTask, type Clock, type Logger, type Metrics } from '#libs/platform'
import type { Vitals } from './vitals.js'

const LOOK_MS = 10_000
/** An event that waits longer for an earlier one waits for a lost event, not a delayed one. */
const GAP_MS = 30_000
const OUTBOX_MS = 30_000
const TIMER_MS = 30_000

interface Alarm {
  name: string
  rings(vitals: Vitals): boolean
  next: string
}

const ALARMS: readonly Alarm[] = [
  { name: 'gap_detected', rings: ({ parkedOldestMs }) => parkedOldestMs > GAP_MS, next: command('topics.republish') },
  { name: 'outbox_stalled', rings: ({ outboxOldestMs }) => outboxOldestMs > OUTBOX_MS, next: command('topics.diff') },
  { name: 'timers_overdue', rings: ({ timersOverdueMs }) => timersOverdueMs > TIMER_MS, next: command('runs.list') },
]

/** Monitors a service's vital signs: for the metrics on request, and periodically for alarms in the log. */
export class BacklogMonitor {
  private readonly ringing = new Set<string>()
  private readonly topics = new Set<string>()
  private readonly looks: PeriodicTask

  constructor(
    private readonly service: ServiceName,
    private readonly read: () => Promise<Vitals>,
    clock: Clock,
    private readonly log: Logger,
    private readonly metrics: Metrics,
  ) {
    this.looks = new PeriodicTask(clock, { everyMs: LOOK_MS, run: () => this.look(), failed: (error) => this.unread(error) })
  }

  start(): void {
    this.looks.start()
  }

  stop(): void {
    void this.looks.stop()
  }

  /** Updates the gauges. If the database does not respond they are unchanged; `/readyz` reports it. */
  async refresh(): Promise<void> {
    await this.look().catch((error: unknown) => this.unread(error))
  }

  private async look(): Promise<void> {
    const vitals = await this.read()
    this.show(vitals)
    this.alarm(vitals)
  }

  private unread(error: unknown): void {
    this.log.debug({ service: this.service, error: describeError(error) }, 'vital signs cannot be read now')
  }

  private show({ outboxPending, outboxOldestMs, timersOverdueMs, parked, parkedOldestMs, letters }: Vitals): void {
    const { service, metrics } = this
    metrics.outboxPending.set({ service }, outboxPending)
    metrics.outboxOldestAge.set({ service }, outboxOldestMs / 1_000)
    metrics.timersOverdue.set({ service }, timersOverdueMs / 1_000)
    metrics.parked.set({ service }, parked)
    metrics.parkedOldestAge.set({ service }, parkedOldestMs / 1_000)
    for (const { topic } of letters) this.topics.add(topic)
    for (const topic of this.topics) {
      const mine = letters.find((entry) => entry.topic === topic)
      metrics.deadLettersWaiting.set({ group: service, topic }, mine?.count ?? 0)
      metrics.deadLettersOldestAge.set({ group: service, topic }, (mine?.oldestMs ?? 0) / 1_000)
    }
  }

  /** Logs an alarm once when it begins and once when it ends, because repeated alarms are not read. */
  private alarm(vitals: Vitals): void {
    for (const { name, rings, next } of ALARMS) {
      const fields = { service: this.service, alarm: name, ...vitals, next }
      if (rings(vitals) === this.ringing.has(name)) continue
      if (this.ringing.delete(name)) this.log.warn(fields, 'alarm over')
      else {
        this.ringing.add(name)
        this.log.error(fields, 'alarm')
      }
    }
  }
}
