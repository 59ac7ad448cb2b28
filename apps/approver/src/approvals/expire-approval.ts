import { Timers, type Transaction } from '#libs/persistence'
import { endEarly } from '#libs/pipeline'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { RUNS } from '../runs/run.table.js'
import { SaveRun } from '../runs/save-run.js'
import { APPROVAL_EXPIRY, APPROVALS } from '../runs/approval.table.js'

/** Ends the run of an approval whose signatures did not arrive in time; its policies are free. */
@Injectable()
export class ExpireApproval implements OnModuleInit {
  constructor(
    private readonly timers: Timers,
    private readonly saveRun: SaveRun,
  ) {}

  onModuleInit(): void {
    this.timers.on(APPROVAL_EXPIRY, (tx, { data }) => this.execute(tx, data.digest))
  }

  async execute(tx: Transaction, digest: string): Promise<void> {
    const approval = await tx.documents(APPROVALS).get(digest)
    if (approval === undefined || approval.state !== 'waiting') return
    await tx.documents(APPROVALS).put({ ...approval, state: 'expired' })
    const record = await tx.documents(RUNS).get(String(approval.run))
    if (record === undefined) return
    const detail = `still missing at ${approval.expiresAt}: ${approval.missing.join(', ')}`
    await this.saveRun.execute(tx, {
      ...record,
      facts: endEarly(record.facts, { state: 'ABORTED', reason: 'EXPIRED', detail, at: tx.now.toISOString() }),
    })
  }
}
