import { command, type ReleaseDocument } from '#libs/contracts'
import { isGuardRelease } from '#libs/guard'
import type { DocumentTable, Transaction } from '#libs/persistence'
import type { Clock, Logger } from '#libs/platform'

const PAGE = 200
const MAX_READ = 1_000
/** Interval of full scans. A rule of another instance is found by its marking column, or by a scan if the column was cleared. */
const RESCAN_MS = 5 * 60_000

/** Content of a policy's row at a time: the live and the held release, and the number of the head. */
export interface RuleRow {
  id: string
  seq: number
  live: ReleaseDocument | null
  held: ReleaseDocument | null
}

/**
 * Finds the guard rules of a table by their releases: clearing the unsigned column that marks them must not disable a rule. All rows are
 * read once, and again every few minutes. If a row is gone, or is no rule although its head is not newer, the last known rule applies.
 */
export class KnownRules<T extends object> {
  /** Rules in force, as last read. */
  private readonly known = new Map<string, { row: T; seq: number }>()
  /** Policies that are, or will be, a rule. */
  private readonly candidates = new Set<string>()
  private scannedAtMs: number | undefined
  private readonly alarmed = new Set<string>()

  constructor(
    private readonly table: DocumentTable<T>,
    private readonly read: (row: T, now: Date) => RuleRow,
    private readonly runtime: { clock: Clock; log: Logger; name: string },
  ) {}

  /** Returns the rows of all guard rules at the time of the transaction. Rows of rules that take effect later may be among them. */
  async rows(tx: Transaction): Promise<T[]> {
    const nowMs = this.runtime.clock.elapsedMs()
    if (this.scannedAtMs === undefined || nowMs - this.scannedAtMs > RESCAN_MS) {
      await this.scan(tx) // guard: guard-rows-hidden
      this.scannedAtMs = nowMs
    }
    const indexed = await tx.documents(this.table).find({ where: { guard: 'yes' }, limit: MAX_READ })
    // Rows written in this transaction are learned only after its commit.
    tx.afterCommit(() => indexed.forEach((row) => this.learn(row, tx.now)))
    const found = new Set(indexed.map((row) => this.read(row, tx.now).id))
    const hidden: T[] = []
    for (const id of this.candidates) if (!found.has(id)) hidden.push(...(await this.hiddenRule(tx, id)))
    return [...indexed, ...hidden]
  }

  /** Returns the releases of the guard rules in force at the time of the transaction. */
  async live(tx: Transaction): Promise<ReleaseDocument[]> {
    return (await this.rows(tx)).flatMap((row) => this.read(row, tx.now).live ?? []).filter(isGuardRelease)
  }

  /** Returns an unmarked row that is a rule, or the rule as last known; none if a newer head names no rule. */
  private async hiddenRule(tx: Transaction, id: string): Promise<T[]> {
    const row = await tx.documents(this.table).get(id)
    const current = row === undefined ? undefined : this.read(row, tx.now)
    if (row !== undefined && isGuardRelease(current!.live)) {
      this.alarm(id, 'its row is not marked as a rule')
      return [row]
    }
    const last = this.known.get(id)
    if (last !== undefined && (current === undefined || current.seq <= last.seq)) {
      this.alarm(id, current === undefined ? 'its row is gone' : 'its row names no rule, and no newer head does so')
      return [last.row] // guard: guard-rows-gone
    }
    this.known.delete(id)
    if (!isGuardRelease(current?.held ?? null)) this.candidates.delete(id)
    return []
  }

  private async scan(tx: Transaction): Promise<void> {
    for (let after: string | undefined; ;) {
      const rows = await tx.documents(this.table).find({ orderBy: 'id', limit: PAGE, ...(after === undefined ? {} : { after }) })
      for (const row of rows) this.learn(row, tx.now)
      const last = rows.at(-1)
      if (last === undefined || rows.length < PAGE) return
      after = this.read(last, tx.now).id
    }
  }

  private learn(row: T, now: Date): void {
    const { id, seq, live, held } = this.read(row, now)
    if (isGuardRelease(live) && seq >= (this.known.get(id)?.seq ?? 0)) this.known.set(id, { row, seq })
    if (isGuardRelease(live) || isGuardRelease(held)) this.candidates.add(id)
  }

  private alarm(id: string, why: string): void {
    if (this.alarmed.has(id)) return
    this.alarmed.add(id)
    const { log, name: service } = this.runtime
    log.error({ service, alarm: 'guard_rule_hidden', policy: id, why, next: command('get', { policy: id }) }, 'alarm')
  }
}
