import type { VerifiedEvent, ServiceName } from '#libs/contracts'
import type { Database } from '#libs/persistence'
import { describeError, PeriodicTask, type Clock, type Logger, type Metrics } from '#libs/platform'
import type { PositionStore } from '../inbox/position.store.js'

const POLL_MS = 60_000
/** Time after which a missing event counts as lost. Relay outages, log repairs and failovers delay an event by a few minutes. */
const GAP_TIMEOUT_MS = 60 * 60_000

export interface OverdueGapsDependencies {
  service: ServiceName
  database: Database
  positions: PositionStore
  clock: Clock
  log: Logger
  metrics: Metrics
}

/**
 * Skips a gap whose event does not arrive, because retention deleted it while this service was down or its producer lost it. The stream
 * continues after an hour (the alarm fires after half a minute); else its policy could never change. The event's run ends at its deadline.
 */
export class OverdueGaps {
  readonly polls = new PeriodicTask(this.deps.clock, {
    everyMs: POLL_MS,
    run: () => this.poll(),
    failed: (error) =>
      this.deps.log.debug({ service: this.deps.service, error: describeError(error) }, 'parked events could not be checked; retrying'),
  })
  private readonly countRepair = this.deps.metrics.repairCounter(this.deps.service, 'gap')

  constructor(
    private readonly skipGapBefore: (event: VerifiedEvent) => Promise<void>,
    private readonly deps: OverdueGapsDependencies,
  ) {}

  private async poll(): Promise<void> {
    const { service, database, positions, log } = this.deps
    const events = await database.autocommit((tx) => positions.overdue(tx, GAP_TIMEOUT_MS))
    for (const event of events) {
      await this.skipGapBefore(event)
      this.countRepair()
      log.error(
        { service, topic: event.topic, key: event.key, keySeq: event.keySeq },
        'the event before this one was missing for an hour; the stream continues without it',
      )
    }
  }
}
