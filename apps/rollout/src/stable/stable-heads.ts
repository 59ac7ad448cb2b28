import type { Change, IssuedHeads } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { signChange, STABLE_SCOPE } from '#libs/signing'
import { ServiceRuntime, signHeads } from '#libs/service'
import { respond } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { rememberLive } from './live-version.table.js'
import { runOf, STABLE_HEADS, STABLE_MOVED, stableOf, STABLES, type RunEnding, type Stable, type Unannounced } from './stable.table.js'

export interface HeadsContext {
  key: string
  run: number | null
  attempt?: number
  causationId?: string
  /** Person and reason of a rollback; a run's own advance needs none, because its releases contain them. */
  change?: Change
}

/** Signs stable heads, all of a bundle in one message, and stores them with the state they describe. */
@Injectable()
export class StableHeads {
  constructor(private readonly runtime: ServiceRuntime) {}

  /** Issues heads. Each names the run that made its release live, also for a rollback. */
  async issue(tx: Transaction, stables: Stable[], context: HeadsContext): Promise<IssuedHeads> {
    const heads = stables.map((stable) => {
      const { policy, seq, sinceSeq, current, next } = stable
      const head = { policy, scope: STABLE_SCOPE, seq, sinceSeq, issuedAt: tx.now.toISOString(), run: runOf(stable, current) }
      return { head, current, next: next && { ...next, run: runOf(stable, next.release) } }
    })
    for (const stable of stables) {
      const { policy, seq, current } = stable
      const before = await stableOf(tx, policy)
      // Other services receive moves in order.
      if (before?.unannounced !== undefined) await this.announce(tx, before.unannounced)
      await rememberLive(tx, before?.current ?? null)
      await tx.documents(STABLES).put(stable)
      await tx.documents(STABLE_HEADS).put({ policy, seq, current: current?.releaseDigest ?? null })
    }
    tx.afterCommit(() => this.runtime.signal(STABLE_MOVED))
    const { key, run, attempt, causationId, change } = context
    const about = stables.map(({ policy, seq }) => ({ policy, seq }))
    const issued: IssuedHeads = {
      ...(await signHeads(heads, this.runtime.signer)),
      ...(change === undefined ? {} : { change: await signChange({ ...change, heads: about }, this.runtime.signer) }),
    }
    await this.runtime.emit(tx, 'hms.head.issued.v1', issued, { key, ...(run === null ? {} : { run }), attempt, causationId })
    return issued
  }

  /** Notifies other services of a move whose head was issued before. */
  async announce(tx: Transaction, { ends, ...move }: Unannounced): Promise<void> {
    const { event, key, of } = move
    await this.runtime.emit(tx, event.type, event.data, { key, ...originOf(of) })
    if (ends?.announced !== undefined) await this.end(tx, move, ends.announced)
  }

  /** Sends what ends the run that moved. */
  async end(tx: Transaction, { key, of }: Pick<Unannounced, 'key' | 'of'>, ending: RunEnding): Promise<void> {
    if (ending.do === 'answer') await respond(this.runtime, tx, ending, { stage: 'rollout', key, ...of! })
    else await this.runtime.emit(tx, ending.type, ending.data, { key, ...originOf(of) })
  }
}

function originOf(of: Unannounced['of']): { run?: number; attempt?: number; causationId?: string } {
  if (of === undefined) return {}
  const { run, attempt, causationId } = of
  return { run, attempt, causationId }
}
