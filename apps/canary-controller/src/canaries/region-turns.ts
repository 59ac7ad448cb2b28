import { findAll, timerKind, type Transaction } from '#libs/persistence'
import { CLAIMING_STATES, holderOfRegions, type Canary, type RegionHolder } from '#libs/pipeline'
import { ServiceRuntime } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { CANARIES } from './canary.table.js'
import { keysOf } from './keys-of.js'

/** Sorts after every policy: it is had last, and held until the end of the transaction. */
const REGIONS = 'regions'

const TURN = timerKind<{ run: number; attempt: number; key: string }>('canary-region')

/** Says who has a region by now, and tells the canaries that wait for one when it is let go. */
@Injectable()
export class RegionTurns {
  constructor(private readonly runtime: ServiceRuntime) {}

  /** Registers the timer; once, before the service starts. `tell` hands to the run, under its lock, who has its region by now. */
  listen(tell: (tx: Transaction, canary: Canary, behind: RegionHolder | null) => Promise<void>): void {
    this.runtime.onTimer(TURN, async (tx, { data: { run, attempt } }) => {
      const canary = await tx.documents(CANARIES).get(String(run))
      if (canary?.attempt === attempt && canary.state === 'waiting') await tell(tx, canary, await this.against(tx, canary))
    })
  }

  /**
   * The run that holds a region of this canary; `null`: it is free. The lock of all regions is held until the end of the transaction: no
   * two canaries begin at once, and none begins to wait for one that is just letting go.
   */
  async against(tx: Transaction, canary: Canary): Promise<RegionHolder | null> {
    return holderOfRegions(canary, await this.claimants(tx), tx.now)
  }

  /**
   * `by` has let go. By a timer for each whose turn it is: this transaction has locked none of their policies. To wake all that wait would
   * cost a lock of every region for each of them, at every turn.
   */
  async freed(tx: Transaction, by: Pick<Canary, 'run'>): Promise<void> {
    const others = (await this.claimants(tx)).filter(({ run }) => run !== by.run)
    for (const canary of others.filter((each) => each.state === 'waiting' && holderOfRegions(each, others, tx.now) === null)) {
      const { run, attempt, key } = canary
      const data = { run, attempt, key }
      await this.runtime.schedule(tx, { id: `${TURN}:${run}`, kind: TURN, keys: keysOf(canary), data, dueAt: tx.now })
    }
  }

  private async claimants(tx: Transaction): Promise<Canary[]> {
    await tx.lock([REGIONS])
    return findAll(tx, CANARIES, { state: [...CLAIMING_STATES] })
  }
}
