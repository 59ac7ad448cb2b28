import { RETENTION_MS, TOPICS } from '#libs/contracts'
import type { OutboxStore, PositionStore } from '#libs/messaging'
import type { Database, DocumentTable, Transaction } from '#libs/persistence'
import { describeError, isTransient, type Logger, type Metrics } from '#libs/platform'
import type { RetentionConfig } from './retention.config.js'

/** Documents examined per transaction; the relay waits for the transaction. */
const DOCUMENT_BATCH = 200
const ROW_BATCH = 5_000
/** Lock rows are small, and most are reused. Above this number, unheld ones are deleted. */
const MAX_LOCKS = 10_000
const compactedTopics = TOPICS.filter((topic) => topic.cleanup === 'compact').map((topic) => topic.name)

/** A service's rule for the rows of one of its tables, in addition to their age. */
export interface PruneRule<T extends object> {
  /** Whether an expired row is still needed; it then stays for another retention period. */
  isNeeded?: (tx: Transaction, document: T) => Promise<boolean>
  onDelete?: (tx: Transaction, document: T) => Promise<void>
}

/**
 * Deletes expired data of a service: documents by the `keep` of their table, and rows of the shared infrastructure. Only the instance that
 * leads the service's relay prunes. Ages are measured by the database's clock: a process whose clock is years ahead deletes nothing early.
 */
export class PruneTables {
  private readonly rules = new Map<string, PruneRule<never>>()

  constructor(
    private readonly service: string,
    private readonly tables: readonly DocumentTable<never>[],
    private readonly database: Database,
    private readonly stores: { outbox: OutboxStore; positions: PositionStore },
    private readonly retention: RetentionConfig,
    private readonly log: Logger,
    private readonly metrics: Metrics,
  ) {}

  rule<T extends object>(table: DocumentTable<T>, rule: PruneRule<T>): void {
    this.rules.set(table.name, rule as unknown as PruneRule<never>)
  }

  /** Prunes one batch of every table; returns `true` if more may remain. */
  async execute(): Promise<boolean> {
    const { outbox, positions } = this.stores
    const machinery = this.retention.ms('machinery')
    const prunable = (this.tables as readonly DocumentTable<object>[]).filter(({ keep }) => keep !== undefined)
    const full: boolean[] = []
    for (const table of prunable) full.push(await this.pruneDocuments(table).catch((error: unknown) => this.failed(table.name, error)))
    full.push(
      await this.pruneRows('outbox', RETENTION_MS, (tx, before) => outbox.prune(tx, before, compactedTopics, ROW_BATCH)),
      await this.pruneRows('stream_position', machinery, (tx, before) => positions.prune(tx, before, ROW_BATCH)),
      // Kept longer than positions, so that sequence numbers continue for a reader that still has a position.
      await this.pruneRows('stream_head', 2 * machinery, (tx, before) => outbox.pruneStreams(tx, before, ROW_BATCH)),
      this.counted('aggregate_lock', await this.database.pruneLocks(MAX_LOCKS, ROW_BATCH)) === ROW_BATCH,
    )
    return full.includes(true)
  }

  private async pruneDocuments(table: DocumentTable<object>): Promise<boolean> {
    const { isNeeded, onDelete } = (this.rules.get(table.name) ?? {}) as PruneRule<object>
    const ageMs = this.retention.ms(table.keep!.for)
    const { stale, deleted } = await this.database.transaction(async (tx) => {
      const documents = tx.documents(table)
      const found = await documents.stale(new Date(tx.now.getTime() - ageMs), DOCUMENT_BATCH)
      let kept = 0
      for (const document of found) {
        if ((await isNeeded?.(tx, document)) === true) {
          // Rewritten, so that it is examined after another retention period.
          await documents.put(document)
          kept++
        } else {
          await documents.delete(table.id(document))
          await onDelete?.(tx, document)
        }
      }
      return { stale: found.length, deleted: found.length - kept }
    })
    this.counted(table.name, deleted)
    return stale === DOCUMENT_BATCH
  }

  /** Logs a failure, so that a failing rule keeps only the rows of its own table. Rethrows a transient error. */
  private failed(table: string, error: unknown): false {
    if (isTransient(error)) throw error
    this.log.error({ service: this.service, table, error: describeError(error) }, 'old rows could not be deleted')
    return false
  }

  private async pruneRows(table: string, ageMs: number, prune: (tx: Transaction, before: Date) => Promise<number>): Promise<boolean> {
    const rows = await this.database.transaction((tx) => prune(tx, new Date(tx.now.getTime() - ageMs)))
    return this.counted(table, rows) === ROW_BATCH
  }

  private counted(table: string, rows: number): number {
    if (rows > 0) {
      this.metrics.pruned.inc({ service: this.service, table }, rows)
      this.log.debug({ service: this.service, table, rows }, 'old rows were deleted')
    }
    return rows
  }
}
