import { FRESHNESS_KEY } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database, documentTable } from '#libs/persistence'
import { Clock, describeError, Logger, PeriodicTask } from '#libs/platform'
import { isFarAhead, type FreshnessPredicate } from '#libs/signing'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Freshness, type FreshnessStatement } from '../heads/freshness.js'

/** Newest of rollout's freshness statements recorded on `hms.config.state.v1`, by any instance. */
export interface FreshnessMarker {
  id: 'newest'
  issuedAt: string
  /** Digest of the stable heads it covers. */
  stable: string
}

export const FRESHNESS_MARKERS = documentTable<FreshnessMarker>({ name: 'freshness_marker', id: (marker) => marker.id, keys: {} })

/**
 * Interval in ms, a tenth of a statement's lifetime: a reader of the topic stays READY although nine consecutive statements are lost or
 * late. Recording each statement would triple the events without new information.
 */
const RECORD_EVERY_MS = 30_000

/**
 * Records rollout's statement on the topic of state, after the heads that it covers; the database lets one instance record it. The response
 * to rollout never waits for that: without database or broker, readers over HTTP still get the statement, and the next one is recorded.
 */
@Injectable()
export class RecordFreshness implements OnModuleInit {
  private next: FreshnessStatement | undefined
  private readonly recordings = new PeriodicTask(this.clock, {
    everyMs: Infinity,
    run: () => this.record(this.next!),
    failed: (error) => this.log.debug({ error: describeError(error) }, 'a freshness statement was not recorded'),
  })

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly freshness: Freshness,
  ) {}

  onModuleInit(): void {
    this.recordings.start()
    this.freshness.onStatement((statement) => {
      // Of the statements that arrive during a recording, only the newest is recorded.
      this.next = statement
      this.recordings.wake()
    })
  }

  private record({ envelope, predicate }: FreshnessStatement): Promise<void> {
    return this.database.locked([FRESHNESS_KEY], async (tx) => {
      const known = await tx.documents(FRESHNESS_MARKERS).get('newest')
      if (!isDue(predicate, known, tx.now.getTime())) return
      const { issuedAt, stable } = predicate
      await tx.documents(FRESHNESS_MARKERS).put({ id: 'newest', issuedAt, stable })
      await this.outbox.emit(tx, 'hms.state.vouched.v1', { freshness: envelope }, { key: FRESHNESS_KEY })
    })
  }
}

/**
 * Whether a statement is to be recorded, by the times that rollout signed, so all instances decide alike. A newer one on other heads is
 * always due: readers are in doubt until it arrives. A recorded one that a wrong clock dated far ahead does not suppress later ones.
 */
export function isDue(
  { issuedAt, stable }: Pick<FreshnessPredicate, 'issuedAt' | 'stable'>,
  known: FreshnessMarker | undefined,
  nowMs: number,
): boolean {
  if (known === undefined || isFarAhead(known.issuedAt, nowMs)) return true
  const aheadMs = Date.parse(issuedAt) - Date.parse(known.issuedAt)
  return aheadMs > 0 && (stable !== known.stable || aheadMs >= RECORD_EVERY_MS)
}
