import type { VerifiedEvent } from '#libs/contracts'
import { timerKind, Timers, type Transaction } from '#libs/persistence'
import { TransientError, uuidv7 } from '#libs/platform'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { EntryStore } from '../entries/entry.store.js'
import { Intake } from '../entries/intake.js'
import { Sequencer } from '../log/sequencer.js'
import { factsOfWindow, groupsOf, listingOf, windowedOf } from './window.js'
import { LISTINGS, WINDOWED } from './window.table.js'

const FOLD = timerKind('audit-windows')
/** Time in ms that a window waits for late events. Events that arrive even later form another entry of the same window. */
const GRACE_MS = 10_000
/** Maximum number of events that one transaction folds; a larger window has several entries. */
const MAX_FOLDED = 1_000
/** Retention of listings in ms, longer than the week for which the events themselves are kept. */
const KEEP_MS = 8 * 24 * 60 * 60 * 1000
const PRUNED_AT_ONCE = 200

/** Folds alerts and coverage into one entry per minute, topic, source, type and run, so that no producer can fill the log. */
@Injectable()
export class FoldWindows implements OnModuleInit {
  constructor(
    private readonly timers: Timers,
    private readonly entries: EntryStore,
    private readonly intake: Intake,
    private readonly sequencer: Sequencer,
  ) {}

  onModuleInit(): void {
    this.timers.on(FOLD, (tx) => this.fold(tx))
  }

  async take(tx: Transaction, event: VerifiedEvent): Promise<void> {
    const windowed = windowedOf(event)
    await tx.documents(WINDOWED).insert(windowed)
    const dueMs = Math.max(Date.parse(windowed.until) + GRACE_MS, tx.now.getTime())
    const [pending] = await this.timers.pending(tx, FOLD)
    if (pending === undefined || pending.dueAt.getTime() > dueMs) await this.foldAt(tx, dueMs)
  }

  private async fold(tx: Transaction): Promise<void> {
    if (this.sequencer.halted !== undefined) throw new TransientError(this.sequencer.halted)
    const latestEnd = tx.now.getTime() - GRACE_MS
    const oldest = await tx.documents(WINDOWED).find({ orderBy: 'until', limit: MAX_FOLDED })
    const ended = oldest.filter(({ until }) => Date.parse(until) <= latestEnd)
    for (const events of groupsOf(ended)) {
      const facts = factsOfWindow(events, uuidv7(tx.now))
      await this.entries.append(tx, facts)
      await tx.documents(LISTINGS).put({ event: facts.event, listing: listingOf(events), at: tx.now.toISOString() })
      for (const { event } of events) await tx.documents(WINDOWED).delete(event)
    }
    await this.prune(tx)
    const next = oldest[ended.length]?.until
    if (ended.length === MAX_FOLDED) await this.foldAt(tx, tx.now.getTime())
    else if (next !== undefined) await this.foldAt(tx, Date.parse(next) + GRACE_MS)
    // The timer of this fold was pending while it ran, so `take` scheduled no timer for events that it stored meanwhile.
    else if (ended.length > 0) await this.foldAt(tx, tx.now.getTime() + GRACE_MS)
    if (ended.length > 0) tx.afterCommit(() => this.intake.wake())
  }

  private async prune(tx: Transaction): Promise<void> {
    const limit = new Date(tx.now.getTime() - KEEP_MS).toISOString()
    const oldest = await tx.documents(LISTINGS).find({ orderBy: 'at', limit: PRUNED_AT_ONCE })
    for (const { event, at } of oldest) if (at < limit) await tx.documents(LISTINGS).delete(event)
  }

  private foldAt(tx: Transaction, dueMs: number): Promise<void> {
    return this.timers.schedule(tx, { id: FOLD, kind: FOLD, keys: [], data: {}, dueAt: new Date(dueMs) })
  }
}
