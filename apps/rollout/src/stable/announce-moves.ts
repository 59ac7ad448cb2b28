import { HmsError, type IssuedHeads } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { timerKind, type Transaction } from '#libs/persistence'
import { currentTraceparent } from '#libs/platform'
import { DirectHeadDelivery, isRefusedByAll, ServiceRuntime, type CarriedHead } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { StableHeads } from './stable-heads.js'
import { stableOf, STABLES, undone, type MoveEvent, type Stable, type Unannounced } from './stable.table.js'

/** A move of people whose caller is gone is announced by then. */
const ANNOUNCE_AFTER_MS = 10_000

const ANNOUNCE = timerKind<{ policy: string }>('announce-move')

/**
 * Rollbacks and withdrawals are committed with their heads, and other services are notified once a config-store may have these: where every
 * one of them refuses, the heads are taken back by higher ones and nobody is notified. A timer announces what a crashed instance did not.
 */
@Injectable()
export class AnnounceMoves implements OnModuleInit {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly heads: StableHeads,
    private readonly carrier: DirectHeadDelivery,
  ) {}

  onModuleInit(): void {
    this.runtime.onTimer(ANNOUNCE, async (tx, { data }) => {
      const stable = await stableOf(tx, data.policy)
      if (stable?.unannounced !== undefined) await this.announce(tx, stable)
    })
  }

  /** The moved state, with its event for later. Its head is yet to be issued. */
  async later(tx: Transaction, before: Stable, moved: Stable, event: MoveEvent, key: string): Promise<Stable> {
    const { policy } = moved
    const dueAt = new Date(tx.now.getTime() + ANNOUNCE_AFTER_MS)
    await this.runtime.schedule(tx, { id: timerId(policy), kind: ANNOUNCE, keys: [policyKey(policy)], data: { policy }, dueAt })
    return { ...moved, unannounced: { event, key, before: partOf(before) } }
  }

  /**
   * Announces moves, or undoes them where every config-store refused the heads: then it throws 409 `HMS_ROLLOUT_HEAD_REFUSED`. `seqs`: of
   * the heads, by policy; what has moved on since is left alone. `undo`: what else the caller committed with them.
   */
  async settle(
    seqs: ReadonlyMap<string, number>,
    carried: readonly CarriedHead[],
    undo?: (tx: Transaction) => Promise<void>,
  ): Promise<void> {
    const policies = [...seqs.keys()]
    const isRefused = isRefusedByAll(carried)
    await this.runtime.database.locked(policies.map(policyKey), async (tx) => {
      const moved: Stable[] = []
      for (const policy of policies) {
        const stable = await stableOf(tx, policy)
        if (stable?.unannounced !== undefined && stable.seq === seqs.get(policy)) moved.push(stable)
      }
      if (!isRefused) for (const stable of moved) await this.announce(tx, stable)
      else if (moved.length > 0) {
        await this.takeBack(tx, moved)
        await undo?.(tx)
      }
    })
    if (isRefused) throw refusedByAll(policies, carried)
  }

  private async announce(tx: Transaction, { unannounced, ...stable }: Stable): Promise<void> {
    await tx.documents(STABLES).put(stable)
    await this.heads.announce(tx, unannounced!)
    await this.runtime.cancel(tx, timerId(stable.policy))
  }

  private async takeBack(tx: Transaction, moved: readonly Stable[]): Promise<void> {
    for (const { unannounced: _event, ...stable } of moved) {
      await tx.documents(STABLES).put(stable)
      await this.runtime.cancel(tx, timerId(stable.policy))
    }
    const back = moved.map((stable) => undone(stable, stable.unannounced!.before))
    const issued: IssuedHeads = await this.heads.issue(tx, back, { key: moved[0]!.unannounced!.key, run: null })
    const traceparent = currentTraceparent()
    tx.afterCommit(() => this.carrier.deliverSoon(issued, traceparent))
  }
}

function partOf({ current, bundle, takenBackWith, sinceSeq, sinceSeqBefore, next }: Stable): Unannounced['before'] {
  return { current, bundle, takenBackWith, sinceSeq, sinceSeqBefore, ...(next === undefined ? {} : { next }) }
}

function timerId(policy: string): string {
  return `announce-move:${policy}`
}

function refusedByAll(policies: readonly string[], carried: readonly CarriedHead[]): HmsError {
  const detail =
    `No config-store takes the new head of ${policies.join(', ')}: ${carried[0]!.detail ?? 'refused'}. It was taken back, nobody was ` +
    `notified, and what was in force stays so.`
  return new HmsError('HMS_ROLLOUT_HEAD_REFUSED', detail, { status: 409, next: ['hms-svc doctor', 'hms-svc roster show'] })
}
