import { action, HmsError, keptCommands, type IssuedHeads, type KeptPolicy } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { timerKind, type Transaction } from '#libs/persistence'
import { currentTraceparent, describeError, inTrace } from '#libs/platform'
import { DirectHeadDelivery, isRefusedByAll, ServiceRuntime, type CarriedHead } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { StableHeads } from './stable-heads.js'
import { newestOf, stableOf, STABLES, undone, type RunEnding, type Stable, type Unannounced } from './stable.table.js'

/** A move whose caller is gone is announced by then. */
const ANNOUNCE_AFTER_MS = 10_000

const ANNOUNCE = timerKind<{ policy: string; policies?: string[] }>('announce-move')

interface Later extends Pick<Unannounced, 'event' | 'key' | 'of' | 'ends'> {
  before: Stable
  moved: Stable
}

/**
 * Announces rollbacks and withdrawals. They are committed with their heads, and other services are notified once a config-store may have
 * these: if every config-store refuses, higher heads revert them and no service is notified. A timer announces the moves of a crashed
 * instance.
 */
@Injectable()
export class AnnounceMoves implements OnModuleInit {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly heads: StableHeads,
    private readonly carrier: DirectHeadDelivery,
  ) {}

  onModuleInit(): void {
    this.runtime.onTimer(ANNOUNCE, async (tx, { data: { policy, policies = [policy] } }) =>
      this.announce(tx, await unannouncedOf(tx, policies)),
    )
  }

  /** The moved state, with its event for later. Its head is yet to be issued. */
  async later(tx: Transaction, { before, moved, ...unannounced }: Later): Promise<Stable> {
    const { policy } = moved
    const policies = unannounced.of?.policies ?? [policy]
    const dueAt = new Date(tx.now.getTime() + ANNOUNCE_AFTER_MS)
    await this.runtime.schedule(tx, {
      id: timerId(policy),
      kind: ANNOUNCE,
      keys: policies.map(policyKey),
      data: { policy, policies },
      dueAt,
    })
    return { ...moved, unannounced: { ...unannounced, before: partOf(before) } }
  }

  /** Delivers the heads of a run after the commit, and settles its move then. */
  settleSoon(tx: Transaction, issued: IssuedHeads, stables: readonly Stable[], traceparent: string | undefined): void {
    const seqs = new Map(stables.map(({ policy, seq }) => [policy, seq]))
    tx.afterCommit(() => void inTrace(traceparent, () => this.deliverAndSettle(issued, seqs)))
  }

  /**
   * Announces moves, or reverts them if every config-store refused the heads: then it throws 409 `HMS_ROLLOUT_HEAD_REFUSED`. `seqs`:
   * numbers of the heads, by policy; a policy that has changed since is skipped. `undo`: reverts the caller's other changes.
   */
  async settle(
    seqs: ReadonlyMap<string, number>,
    carried: readonly CarriedHead[],
    undo?: (tx: Transaction) => Promise<void>,
  ): Promise<void> {
    const policies = [...seqs.keys()]
    const refusal = isRefusedByAll(carried) ? refusedByAll(policies, carried) : undefined
    await this.runtime.database.locked(policies.map(policyKey), async (tx) => {
      const moved = (await unannouncedOf(tx, policies)).filter(({ policy, seq }) => seq === seqs.get(policy))
      if (refusal === undefined) await this.announce(tx, moved)
      else if (moved.length > 0) {
        await this.takeBack(tx, moved, carried[0]!.detail ?? refusal.code)
        await undo?.(tx)
      }
    })
    if (refusal !== undefined) throw refusal
  }

  private async deliverAndSettle(issued: IssuedHeads, seqs: ReadonlyMap<string, number>): Promise<void> {
    try {
      await this.settle(seqs, await this.carrier.deliver(issued))
    } catch (error) {
      // Anything but the refusal leaves it to the timer.
      this.runtime.log.warn({ policies: [...seqs.keys()], error: describeError(error) }, 'move not announced')
    }
  }

  private async announce(tx: Transaction, moved: readonly Stable[]): Promise<void> {
    for (const { unannounced, ...stable } of moved) {
      await tx.documents(STABLES).put(stable)
      await this.heads.announce(tx, unannounced!)
      await this.runtime.cancel(tx, timerId(stable.policy))
    }
  }

  private async takeBack(tx: Transaction, moved: readonly Stable[], detail: string): Promise<void> {
    for (const { unannounced: _event, ...stable } of moved) {
      await tx.documents(STABLES).put(stable)
      await this.runtime.cancel(tx, timerId(stable.policy))
    }
    const back = moved.map((stable) => undone(stable, stable.unannounced!.before))
    const issued: IssuedHeads = await this.heads.issue(tx, back, { key: moved[0]!.unannounced!.key, run: null })
    const traceparent = currentTraceparent()
    tx.afterCommit(() => this.carrier.deliverSoon(issued, traceparent))
    const kept = moved.flatMap((stable, index) => keptOf(stable, back[index]!, detail))
    for (const { unannounced } of moved) {
      const { ends, ...move } = unannounced!
      if (ends !== undefined) await this.heads.end(tx, move, ends.announced === undefined ? ends.refused : withKept(ends.refused, kept))
    }
  }
}

/** Those of these policies whose last move was not announced yet, in their order. */
async function unannouncedOf(tx: Transaction, policies: readonly string[]): Promise<Stable[]> {
  const stables = await Promise.all(policies.map((policy) => stableOf(tx, policy)))
  return stables.flatMap((stable) => (stable?.unannounced === undefined ? [] : [stable]))
}

function partOf({ current, bundle, takenBackWith, sinceSeq, sinceSeqBefore, next }: Stable): Unannounced['before'] {
  return { current, bundle, takenBackWith, sinceSeq, sinceSeqBefore, ...(next === undefined ? {} : { next }) }
}

/** Returns the release that stays in force after every config-store refused to revert it. */
function keptOf(moved: Stable, back: Stable, detail: string): KeptPolicy[] {
  const version = newestOf(back)?.version
  if (version === undefined) return []
  return [{ id: back.policy, version, refused: moved.current?.version ?? null, code: 'HMS_ROLLOUT_HEAD_REFUSED', detail }]
}

/** Adds the releases that stay in force to the effect that ends a run. */
export function withKept(ending: RunEnding, kept: KeptPolicy[]): RunEnding {
  return ending.do === 'answer' ? { ...ending, kept } : { ...ending, data: { ...ending.data, kept, next: keptCommands(kept) } }
}

function timerId(policy: string): string {
  return `announce-move:${policy}`
}

function refusedByAll(policies: readonly string[], carried: readonly CarriedHead[]): HmsError {
  const detail =
    `No config-store takes the new head of ${policies.join(', ')}: ${carried[0]!.detail ?? 'refused'}. It was reverted, no one was ` +
    `notified, and the previous version stays in force.`
  return new HmsError('HMS_ROLLOUT_HEAD_REFUSED', detail, { status: 409, next: [action('doctor'), action('roster.show')] })
}
