import { timerKind, type Transaction } from '#libs/persistence'
import { currentTraceparent } from '#libs/platform'
import { DirectHeadDelivery, ServiceRuntime } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { StableHeads } from './stable-heads.js'
import { stableOf } from './stable.table.js'

/** Timer that reissues a policy's head, unchanged, under its next number. */
export const HEAD_AGAIN = timerKind<{ policy: string }>('head-again')

/** Reissues the live heads after the database was restored: one timer each, because rollout must be running to sign. */
@Injectable()
export class ReissueHeads implements OnModuleInit {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly heads: StableHeads,
    private readonly carrier: DirectHeadDelivery,
  ) {}

  onModuleInit(): void {
    this.runtime.onTimer(HEAD_AGAIN, (tx, { data }) => this.execute(tx, data.policy))
  }

  private async execute(tx: Transaction, policy: string): Promise<void> {
    const stable = await stableOf(tx, policy)
    if (stable === undefined) return
    const issued = await this.heads.issue(tx, [{ ...stable, seq: stable.seq + 1 }], { key: policy, run: null })
    const traceparent = currentTraceparent()
    tx.afterCommit(() => this.carrier.deliverSoon(issued, traceparent))
  }
}
