import { findAll, timerKind, Timers, type Transaction } from '#libs/persistence'
import { CLAIMING_STATES, holderOfRegions, type Canary, type RegionHolder } from '#libs/pipeline'
import { Injectable } from '@nestjs/common'
import { CANARIES, keysOf } from './canary.table.js'

/** Lock key of all regions. It sorts after every policy, so it is locked last; it is released at the end of the transaction. */
const REGIONS = 'regions'

const REGION_RELEASED = timerKind<{ run: number; attempt: number; key: string }>('canary-region')

/** Determines which run has a region, and notifies the canaries that wait for it when it is released. */
@Injectable()
export class RegionQueue {
  constructor(private readonly timers: Timers) {}

  /**
   * Registers the timer; call once, before the service starts. `onReleased` gets, under the run's lock, the waiting canary and the run that
   * now has one of its regions; `null` if they are free.
   */
  listen(onReleased: (tx: Transaction, canary: Canary, behind: RegionHolder | null) => Promise<void>): void {
    this.timers.on(REGION_RELEASED, async (tx, { data: { run, attempt } }) => {
      const canary = await tx.documents(CANARIES).get(String(run))
      if (canary?.attempt === attempt && canary.state === 'waiting') await onReleased(tx, canary, await this.holderFor(tx, canary))
    })
  }

  /**
   * Returns the run that has a region of this canary; `null` if all are free. All regions stay locked until the end of the transaction, so
   * that no two canaries start at once, and none starts to wait for a run that is just releasing its region.
   */
  async holderFor(tx: Transaction, canary: Canary): Promise<RegionHolder | null> {
    return holderOfRegions(canary, await this.claimants(tx), tx.now)
  }

  /**
   * Wakes the waiting canaries that can start after run `by` released its regions. Each gets a timer, as this transaction does not hold
   * the locks of their policies. Waking all waiting canaries would lock all regions once per canary at each release.
   */
  async wakeWaiting(tx: Transaction, by: Pick<Canary, 'run'>): Promise<void> {
    const others = (await this.claimants(tx)).filter(({ run }) => run !== by.run)
    for (const canary of others.filter((each) => each.state === 'waiting' && holderOfRegions(each, others, tx.now) === null)) {
      const { run, attempt, key } = canary
      const data = { run, attempt, key }
      await this.timers.schedule(tx, { id: `${REGION_RELEASED}:${run}`, kind: REGION_RELEASED, keys: keysOf(canary), data, dueAt: tx.now })
    }
  }

  private async claimants(tx: Transaction): Promise<Canary[]> {
    await tx.lock([REGIONS])
    return findAll(tx, CANARIES, { state: [...CLAIMING_STATES] })
  }
}
