import { packDossier } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import { policyAt } from '../policies/policy.table.js'
import { reasonsOf, type Approval } from './approval.table.js'
import { EndStale, followsLive } from './end-stale.js'
import type { RunRecord } from './run.table.js'
import { SaveRun } from './save-run.js'

/**
 * Sends a fully signed rollback to rollout at once. It waits for no turn, and takes none: the run in progress stays active until rollout
 * reports that it was overtaken.
 */
@Injectable()
export class StartRollback {
  constructor(
    private readonly outbox: Outbox,
    private readonly saveRun: SaveRun,
    private readonly endStale: EndStale,
  ) {}

  /** The policy must be locked. */
  async execute(tx: Transaction, record: RunRecord, approval: Approval): Promise<RunRecord> {
    const { run, attempt } = record.facts
    const { id } = approval.releases[0]!
    const policy = (await policyAt(tx, id))!
    if (!followsLive(approval, policy)) return this.endStale.execute(tx, record, approval, policy)
    const started = { ...record, facts: { ...record.facts, startedAt: tx.now.toISOString() } }
    await this.saveRun.execute(tx, started)
    const { releases, plan } = approval
    const dossier = packDossier({ run, attempt, releases, live: { [id]: policy.live }, used: { [id]: [] }, plan, ...reasonsOf(approval) })
    await this.outbox.emit(tx, 'hms.approval.approved.v1', { dossier }, { key: record.key, run, attempt })
    return started
  }
}
