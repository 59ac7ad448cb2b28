import type { VerifiedEvent, ServiceName } from '#libs/contracts'
import type { Database } from '#libs/persistence'
import { describeError, PeriodicTask, type Clock, type Logger, type Metrics } from '#libs/platform'
import type { PositionStore } from '../inbox/position.store.js'

const LOOK_MS = 60_000
/** Time after which a missing event counts as lost. Relays, log repairs and take-overs delay an event by a minute or two. */
const PATIENCE_MS = 60 * 60_000

export interface OverdueGapsDependencies {
  service: ServiceName
  database: Database
  positions: PositionStore
  clock: Clock
  log: Logger
  metrics: Metrics
}

/**
 * Skips gaps whose missing event does not arrive: retention deleted it while this service was down, or its producer lost it. After an hour
 * (the alarm fires after half a minute) the stream continues after the gap; otherwise its policy could never be changed again. The run of
 * the missing event ends at its deadline.
 */
export class OverdueGaps {
  readonly polls = new PeriodicTask(this.deps.clock, {
    everyMs: LOOK_MS,
    run: () => this.look(),
    failed: (error) =>
      this.deps.log.debug({ service: this.deps.service, error: describeError(error) }, 'waiting events cannot be looked at now'),
  })
  private readonly repaired = this.deps.metrics.repair(this.deps.service, 'gap')

  constructor(
    private readonly goOn: (event: VerifiedEvent) => Promise<void>,
    private readonly deps: OverdueGapsDependencies,
  ) {}

  private async look(): Promise<void> {
    const { service, database, positions, log } = this.deps
    const events = await database.autocommit((tx) => positions.overdue(tx, PATIENCE_MS))
    for (const event of events) {
      await this.goOn(event)
      this.repaired()
      log.error(
        { service, topic: event.topic, key: event.key, keySeq: event.keySeq },
        'an event before this one was missing for an hour; its stream continues without it',
      )
    }
  }
}
