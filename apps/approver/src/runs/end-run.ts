import type { ReceivedEvent } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { endEarly, type EndedEarly } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import type { RunRecord } from './run.table.js'
import { SaveRun } from './save-run.js'

/** Ends a run from outside its stages, and sends an abort decision to all stages, so that no canary head stays live. */
@Injectable()
export class EndRun {
  constructor(
    private readonly outbox: Outbox,
    private readonly saveRun: SaveRun,
  ) {}

  /** `by`: what ended the run, such as `rollback`, `deadline` or `poison`. `cause`: the event that led to the end, if any. */
  async execute(tx: Transaction, record: RunRecord, end: Omit<EndedEarly, 'at'>, by: string, cause?: ReceivedEvent): Promise<void> {
    const facts = endEarly(record.facts, { ...end, at: tx.now.toISOString() })
    await this.saveRun.execute(tx, { ...record, facts }, cause)
    await this.releaseRun(tx, record, end.detail, by, cause)
  }

  /** Sends an abort decision for an ended run to all stages. Does nothing for a run that never started. */
  async releaseRun(tx: Transaction, record: RunRecord, reason: string, by: string, cause?: ReceivedEvent): Promise<void> {
    const { run, attempt, startedAt } = record.facts
    if (startedAt === undefined) return
    const options = { key: record.key, run, attempt, causationId: cause?.id, traceparent: cause?.traceparent }
    await this.outbox.emit(tx, 'hms.run.decided.v1', { run, attempt, decision: 'abort', reason, by }, options)
  }
}
