import type { Database } from '#libs/persistence'
import type { Logger, Metrics } from '#libs/platform'
import { SOURCE_PREFIX } from '../cloud-event.js'
import type { EventBus, LostPosition, LogPosition } from '../event-bus.js'
import type { OutboxStore } from './outbox.store.js'

/** Time after a send during which the log is trusted: a broker that restarts with fewer records was unreachable for longer. */
const TRUST_MS = 1_000
const IGNORE_REPEATED_MS = 10 * 60_000

/** Last record of a partition known to this process, and when it was last verified. */
interface KnownEnd extends LogPosition {
  verifiedAtMs: number
}

/**
 * Resends all retained rows of a partition that lost records (wiped disk, unclean election): the log ends before the last acknowledged
 * record, has a younger record at its offset, or assigns an offset twice. Readers drop duplicates, and see losses in the middle as gaps.
 */
export class Reconciler {
  private readonly ends = new Map<string, KnownEnd>()
  /** Partitions with a younger record, and until when the finding is ignored: a broker whose clock was set back looks the same. */
  private readonly findings = new Map<string, { offset: number; untilMs: number }>()
  private readonly countRepairs: (times: number) => void

  constructor(
    private readonly database: Database,
    private readonly store: OutboxStore,
    private readonly bus: EventBus,
    private readonly source: string,
    private readonly log: Logger,
    metrics: Metrics,
  ) {
    this.countRepairs = metrics.repairCounter(this.service, 'log')
  }

  private get service(): string {
    return this.source.slice(SOURCE_PREFIX.length)
  }

  /** Compares the log with the outbox; leader only. Returns how many rows will be resent. Rejects while the broker does not respond. */
  async compare(nowMs: number): Promise<number> {
    const known = await this.database.autocommit((tx) => this.store.logEnds(tx))
    this.ends.clear()
    for (const end of known) this.ends.set(partitionName(end.topic, end.partition), { ...end, verifiedAtMs: nowMs })
    let queued = 0
    for (const topic of new Set(known.map((end) => end.topic))) {
      const mine = known.filter((end) => end.topic === topic)
      for (const lost of await this.findLost(topic, mine, nowMs)) queued += await this.resend(topic, lost.partition, lost.offset)
    }
    return queued
  }

  /**
   * Checks a send's positions before its rows are marked; returns the partitions sent again. A repeated offset means a recreated log. After
   * a fault (`faulted`) or a second without a send, the last send's last record must still exist: the new position would hide its loss.
   */
  async checkSent(topic: string, positions: readonly LogPosition[], nowMs: number, faulted: boolean): Promise<ReadonlySet<number>> {
    const lostFrom = new Map<number, number>()
    const unverified = new Map<number, LogPosition>()
    const last = new Map<number, LogPosition>()
    for (const position of positions) {
      const { partition, offset } = position
      const end = this.ends.get(partitionName(topic, partition))
      if (end !== undefined && offset <= end.offset) lostFrom.set(partition, Math.min(lostFrom.get(partition) ?? offset, offset))
      else if (end !== undefined && (faulted || nowMs - end.verifiedAtMs > TRUST_MS)) unverified.set(partition, end)
      if (offset > (last.get(partition)?.offset ?? end?.offset ?? -1)) last.set(partition, position)
    }
    if (unverified.size > 0)
      for (const { partition, offset } of await this.findLost(topic, [...unverified.values()], nowMs)) lostFrom.set(partition, offset)
    for (const [partition, position] of last) this.ends.set(partitionName(topic, partition), { ...position, verifiedAtMs: nowMs })
    for (const [partition, from] of lostFrom) await this.resend(topic, partition, from)
    return new Set(lostFrom.keys())
  }

  private async findLost(topic: string, acknowledged: readonly LogPosition[], nowMs: number): Promise<LostPosition[]> {
    const lost = await this.bus.findLost(topic, acknowledged) // guard: reconciler
    return lost.filter(({ partition, offset, why }) => {
      if (why === 'ends') return true
      const name = partitionName(topic, partition)
      const before = this.findings.get(name)
      if (before?.offset === offset && nowMs < before.untilMs) return false
      this.findings.set(name, { offset, untilMs: nowMs + IGNORE_REPEATED_MS })
      return true
    })
  }

  private async resend(topic: string, partition: number, from: number): Promise<number> {
    const rows = await this.database.transaction((tx) => this.store.unsendPartition(tx, topic, partition))
    this.ends.delete(partitionName(topic, partition))
    if (rows === 0) return 0
    this.countRepairs(rows)
    this.log.error(
      { service: this.service, topic, partition, reaches: from, rows },
      'the log lost acknowledged records; they are queued again',
    )
    return rows
  }
}

function partitionName(topic: string, partition: number): string {
  return `${topic} ${partition}`
}
