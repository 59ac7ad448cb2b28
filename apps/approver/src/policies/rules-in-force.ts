import type { ReleaseDocument } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { Clock, Logger } from '#libs/platform'
import { KnownRules } from '#libs/service'
import { withProof } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { asOf, POLICIES, type PolicyRecord } from './policy.table.js'

/** Reads the releases of all live guard rules. */
@Injectable()
export class RulesInForce {
  private readonly known: KnownRules<PolicyRecord>

  constructor(clock: Clock, log: Logger) {
    this.known = new KnownRules(
      POLICIES,
      (policy, now) => ({ id: policy.id, seq: policy.liveSeq, live: asOf(policy, now).live, held: policy.next?.release ?? null }),
      { clock, log, name: 'approver' },
    )
  }

  async of(tx: Transaction): Promise<ReleaseDocument[]> {
    return Promise.all((await this.known.live(tx)).map((release) => withProof(tx, release)))
  }
}
