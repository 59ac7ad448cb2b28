import { FRESHNESS_KEY } from '#libs/contracts'
import { describeError } from '#libs/platform'
import { isFarAhead, type FreshnessPredicate } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { Freshness, type FreshnessStatement } from './freshness.js'
import { FRESHNESS_MARKERS, type FreshnessMarker } from './freshness-marker.table.js'

/**
 * A tenth of a statement's life: nine in a row may be lost or late, and a reader of the topic is still ready. To record each would be three
 * times the events, and tell readers nothing more.
 */
const RECORD_EVERY_MS = 30_000

/**
 * Records rollout's statement on the topic of state, behind the heads that it speaks of. Every instance gets every statement; the database
 * lets one of them record it. The answer to rollout never waits for that: with the database or the broker away readers over HTTP get the
 * statement all the same, and the next one is recorded.
 */
@Injectable()
export class RecordFreshness {
  private next: FreshnessStatement | undefined
  private recording = false

  constructor(
    private readonly runtime: ServiceRuntime,
    freshness: Freshness,
  ) {
    freshness.onStatement((statement) => this.recordSoon(statement))
  }

  /** Of statements that come while one is being recorded only the newest follows. */
  private recordSoon(statement: FreshnessStatement): void {
    this.next = statement
    if (!this.recording) void this.recordAll()
  }

  private async recordAll(): Promise<void> {
    this.recording = true
    try {
      while (this.next !== undefined) {
        const statement = this.next
        this.next = undefined
        await this.record(statement)
      }
    } catch (error) {
      this.runtime.log.debug({ error: describeError(error) }, 'a freshness statement is not recorded; the next one is')
    } finally {
      this.recording = false
    }
  }

  private record({ envelope, predicate }: FreshnessStatement): Promise<void> {
    return this.runtime.database.locked([FRESHNESS_KEY], async (tx) => {
      const known = await tx.documents(FRESHNESS_MARKERS).get('newest')
      if (!isDue(predicate, known, tx.now.getTime())) return
      const { issuedAt, stable } = predicate
      await tx.documents(FRESHNESS_MARKERS).put({ id: 'newest', issuedAt, stable })
      await this.runtime.emit(tx, 'hms.state.vouched.v1', { freshness: envelope }, { key: FRESHNESS_KEY })
    })
  }
}

/**
 * By the times that rollout signed, so that all instances decide alike. A statement on other heads is never left out: readers are in doubt
 * until it comes. One from the future, by a clock that was wrong once, must not silence all that follow until then.
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
