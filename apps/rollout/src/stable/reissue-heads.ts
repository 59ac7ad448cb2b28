import { timerKind, type Transaction } from '#libs/persistence'
import { currentTraceparent } from '#libs/platform'
import { DirectHeadDelivery, ServiceRuntime } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { StableHeads } from './stable-heads.js'
import { stableOf } from './stable.table.js'

/** The head of a policy is due once more, unchanged, under its next number. */
export const HEAD_AGAIN = timerKind<{ policy: string }>('head-again')

/** Says again what is live, after the database went back: a timer each, for rollout must run to sign it. */
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
