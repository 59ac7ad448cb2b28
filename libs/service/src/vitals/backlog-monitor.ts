import { command, type ServiceName, TOPICS } from '#libs/contracts'
import { describeError, PeriodicTask, type Clock, type Logger, type Metrics } from '#libs/platform'
import { DEAD_LETTERS, timerTopic, type OutboxStore, type PositionStore } from '#libs/messaging'
import type { Database, TimerStore, Transaction } from '#libs/persistence'

/** Backlogs of a service: how much waits, and for how long, in ms of the database's clock. 0 if nothing waits. */
export interface Vitals {
  outboxPending: number
  outboxOldestMs: number
  timersOverdueMs: number
  parked: number
  parkedOldestMs: number
  /** Open dead letters by original topic; `timer:KIND` for those of timers. */
  letters: { topic: string; count: number; oldestMs: number }[]
  /** Time since the database responded, if the last read failed; the other figures are then those of the last read. */
  databaseSilentMs?: number
}

export function readVitals(
  database: Database,
  stores: { outbox: OutboxStore; positions: PositionStore; timers: TimerStore },
  timerKinds: readonly string[],
): Promise<Vitals> {
  return database.transaction(async (tx) => {
    const ageOf = (at: Date | string | null): number => (at === null ? 0 : Math.max(0, tx.now.getTime() - new Date(at).getTime()))
    const outbox = await stores.outbox.pending(tx)
    const parked = await stores.positions.parked(tx)
    const nextDueMs = await stores.timers.nextDueInMs(tx)
    const letters = await waitingLetters(tx, timerKinds)
    return {
      outboxPending: outbox.count,
      outboxOldestMs: ageOf(outbox.oldestAt),
      timersOverdueMs: nextDueMs === null ? 0 : Math.max(0, -nextDueMs),
      parked: parked.count,
      parkedOldestMs: ageOf(parked.oldestAt),
      letters: letters.map(({ topic, count, oldestAt }) => ({ topic, count, oldestMs: ageOf(oldestAt) })),
    }
  })
}

/** Counts open letters, reading only the oldest of each topic (a letter may have 4 MiB). If there are none, one statement suffices. */
async function waitingLetters(
  tx: Transaction,
  timerKinds: readonly string[],
): Promise<{ topic: string; count: number; oldestAt: string | null }[]> {
  const letters = tx.documents(DEAD_LETTERS)
  if ((await letters.count({ state: 'waiting' })) === 0) return []
  const found: { topic: string; count: number; oldestAt: string | null }[] = []
  for (const topic of [...TOPICS.map(({ name }) => name), ...timerKinds.map(timerTopic)]) {
    const where = { state: 'waiting', topic }
    const count = await letters.count(where)
    if (count > 0) found.push({ topic, count, oldestAt: (await letters.find({ where, orderBy: 'at', limit: 1 }))[0]?.at ?? null })
  }
  return found
}

const POLL_MS = 10_000
/** Age at which a parked event raises an alarm: the event that it waits for is then lost, not delayed. */
const GAP_MS = 30_000
const OUTBOX_MS = 30_000
const TIMER_MS = 30_000
const DATABASE_MS = 30_000

interface Alarm {
  name: string
  isRaised(vitals: Vitals): boolean
  next: string
}

const ALARMS: readonly Alarm[] = [
  { name: 'gap_detected', isRaised: ({ parkedOldestMs }) => parkedOldestMs > GAP_MS, next: command('topics.republish') },
  { name: 'outbox_stalled', isRaised: ({ outboxOldestMs }) => outboxOldestMs > OUTBOX_MS, next: command('topics.diff') },
  { name: 'timers_overdue', isRaised: ({ timersOverdueMs }) => timersOverdueMs > TIMER_MS, next: command('runs.list') },
  { name: 'database_silent', isRaised: ({ databaseSilentMs = 0 }) => databaseSilentMs > DATABASE_MS, next: command('doctor') },
]

/** Monitors a service's vital signs: for the metrics on request, and periodically for alarms in the log. */
export class BacklogMonitor {
  private readonly raised = new Set<string>()
  /** Topics whose letters are counted: from the start, all that the service consumes; others from their first letter on. */
  private readonly topics = new Set(TOPICS.filter(({ consumers }) => consumers.includes(this.service)).map(({ name }) => name))
  private readonly silence = this.metrics.gauge('database_silent_seconds', 'Time since the database responded; 0 if it does', ['service'])
  private lastRead: Vitals = { outboxPending: 0, outboxOldestMs: 0, timersOverdueMs: 0, parked: 0, parkedOldestMs: 0, letters: [] }
  private lastReadAtMs = this.clock.elapsedMs()
  readonly polls = new PeriodicTask(this.clock, { everyMs: POLL_MS, run: () => this.refresh(), failed: () => {} })

  constructor(
    private readonly service: ServiceName,
    private readonly read: () => Promise<Vitals>,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly metrics: Metrics,
  ) {}

  /** Updates the gauges. If the database does not respond, all but `database_silent_seconds` keep their values. Never rejects. */
  async refresh(): Promise<void> {
    try {
      this.lastRead = await this.read()
      this.lastReadAtMs = this.clock.elapsedMs()
      this.updateGauges(this.lastRead)
      this.report(this.lastRead)
    } catch (error) {
      this.log.debug({ service: this.service, error: describeError(error) }, 'backlogs could not be read')
      this.report({ ...this.lastRead, databaseSilentMs: this.clock.elapsedMs() - this.lastReadAtMs })
    }
  }

  private updateGauges({ outboxPending, outboxOldestMs, timersOverdueMs, parked, parkedOldestMs, letters }: Vitals): void {
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
  private report(vitals: Vitals): void {
    this.silence.set({ service: this.service }, (vitals.databaseSilentMs ?? 0) / 1_000)
    for (const { name, isRaised, next } of ALARMS) {
      const fields = { service: this.service, alarm: name, ...vitals, next }
      if (isRaised(vitals) === this.raised.has(name)) continue
      if (this.raised.delete(name)) this.log.warn(fields, 'alarm over')
      else {
        this.raised.add(name)
        this.log.error(fields, 'alarm')
      }
    }
  }
}
