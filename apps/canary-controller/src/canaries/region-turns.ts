import { findAll, timerKind, Timers, type Transaction } from '#libs/persistence'
import { CLAIMING_STATES, holderOfRegions, type Canary, type RegionHolder } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import { CANARIES, keysOf } from './canary.table.js'

/** Sorts after every policy: it is taken last, and held until the end of the transaction. */
const REGIONS = 'regions'

const TURN = timerKind<{ run: number; attempt: number; key: string }>('canary-region')

/** Determines which run has a region, and notifies the canaries that wait for it when it is released. */
@Injectable()
export class RegionTurns {
  constructor(private readonly timers: Timers) {}

  /** Registers the timer; once, before the service starts. The callback gets, under the run's lock, the run that now has its region. */
  listen(tell: (tx: Transaction, canary: Canary, behind: RegionHolder | null) => Promise<void>): void {
    this.timers.on(TURN, async (tx, { data: { run, attempt } }) => {
      const canary = await tx.documents(CANARIES).get(String(run))
      if (canary?.attempt === attempt && canary.state === 'waiting') await tell(tx, canary, await this.against(tx, canary))
    })
  }

  /**
   * Returns the run that has a region of this canary; `null` if it is free. The lock of all regions is held until the end of the
   * transaction: no two canaries start at once, and none starts waiting for a run that is just releasing its region.
   */
  async against(tx: Transaction, canary: Canary): Promise<RegionHolder | null> {
    return holderOfRegions(canary, await this.claimants(tx), tx.now)
  }

  /**
   * Wakes the canaries whose region the run `by` released, with a timer for each canary that can start: this transaction has locked none of
   * their policies. Waking all waiting canaries would cost each a lock of every region, at every release.
   */
  async freed(tx: Transaction, by: Pick<Canary, 'run'>): Promise<void> {
    const others = (await this.claimants(tx)).filter(({ run }) => run !== by.run)
    for (const canary of others.filter((each) => each.state === 'waiting' && holderOfRegions(each, others, tx.now) === null)) {
      const { run, attempt, key } = canary
      const data = { run, attempt, key }
      await this.timers.schedule(tx, { id: `${TURN}:${run}`, kind: TURN, keys: keysOf(canary), data, dueAt: tx.now })
    }
  }

  private async claimants(tx: Transaction): Promise<Canary[]> {
    await tx.lock([REGIONS])
    return findAll(tx, CANARIES, { state: [...CLAIMING_STATES] })
  }
}
