import { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { PruneTables } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { APPROVALS, type Approval } from './approval.table.js'
import { POLICIES } from '../policies/policy.table.js'
import { TICKETS } from '../tickets/ticket.table.js'
import { RUNS } from './run.table.js'

/** Deletes ended runs and their approvals by age, except those whose release is live, or whose review is open. */
@Injectable()
export class PruneRuns implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly pruning: PruneTables,
  ) {}

  onModuleInit(): void {
    this.pruning.rule(APPROVALS, {
      isNeeded: async (tx, approval) => (await isLive(tx, approval)) || (approval.run !== null && (await awaitsReview(tx, approval.run))),
    })
    this.pruning.rule(RUNS, {
      isNeeded: async (tx, record) => {
        if (await awaitsReview(tx, record.facts.run)) return true
        const approval = await tx.documents(APPROVALS).get(record.approval)
        return approval !== undefined && isLive(tx, approval)
      },
      onDelete: (tx, { facts: { run } }) => this.outbox.erase(tx, 'hms.run.changed.v1', String(run)),
    })
  }
}

async function awaitsReview(tx: Transaction, run: number): Promise<boolean> {
  return (await tx.documents(TICKETS).count({ run, state: 'OPEN' })) > 0
}

async function isLive(tx: Transaction, { releases }: Approval): Promise<boolean> {
  for (const { id, releaseDigest } of releases) {
    if ((await tx.documents(POLICIES).get(id))?.live?.releaseDigest === releaseDigest) return true
  }
  return false
}
