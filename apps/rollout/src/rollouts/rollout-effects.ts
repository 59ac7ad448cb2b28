import { openDossier, reasonOf, type AcceptedDecision, type Change, type ReleaseDocument, type SigningReason } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { Rollout, RolloutEffect } from '#libs/pipeline'
import { approvalState, breakGlassOf, readRelease, type Roster } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import type { OwnEffect } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { StableHeads } from '../stable/stable-heads.js'
import { refusedOf } from '../stable/readable.js'
import { advance, droppedOf, giveUp, runOf, stableOrNew, STABLES, type Stable } from '../stable/stable.table.js'

/** The effects that are rollout's own: stable heads, and which run holds a policy. */
@Injectable()
export class RolloutEffects {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly heads: StableHeads,
  ) {}

  async perform(tx: Transaction, rollout: Rollout, effect: Exclude<OwnEffect<RolloutEffect>, { do: 'overtake' }>): Promise<Rollout | void> {
    switch (effect.do) {
      case 'issueHeads':
        return this.issue(tx, rollout, effect.how)
      case 'takeBack':
        return this.takeBack(tx, rollout, changeOf(effect), effect.detail)
      case 'giveUpRest':
        await this.giveUpOwn(
          tx,
          rollout,
          changeOf({ detail: `${effect.moved.join(', ')} moved, and the run is whole or nothing` }),
          effect.moved,
        )
        return
      case 'freePolicies':
        return this.freePolicies(tx, rollout)
    }
  }

  private async issue(tx: Transaction, rollout: Rollout, how: 'advance' | 'renew'): Promise<Rollout> {
    const { run } = rollout
    const { releases, reasons = [] } = openDossier(rollout.dossier)
    const bundle = releases.map((release) => release.id)
    const stables = await stablesOf(tx, rollout)
    const next =
      how === 'renew'
        ? stables.filter((stable) => stable.run === run).map((stable) => ({ ...stable, seq: stable.seq + 1 }))
        : stables.map((stable, index) => advance(stable, releases[index]!, run, bundle, tx.now))
    if (next.length === 0) return rollout
    if (how === 'advance') await this.announceDropped(tx, rollout, stables, next)
    const { key, attempt, causationId } = rollout
    const change = how === 'renew' ? undefined : advanceOf(releases, reasons, this.runtime.roster)
    await this.heads.issue(tx, next, { key, run, attempt, causationId, change })
    const seqs = new Map(next.map(({ policy, seq }) => [policy, seq]))
    return { ...rollout, members: rollout.members.map((member) => ({ ...member, seq: seqs.get(member.policy) ?? member.seq })) }
  }

  /** Partners may have been told of it ahead. Under the key of the run: whoever hears of its promotion has heard of this before. */
  private async announceDropped(tx: Transaction, rollout: Rollout, before: readonly Stable[], after: readonly Stable[]): Promise<void> {
    const { key, run, attempt, causationId } = rollout
    for (const [index, stable] of before.entries()) {
      const held = droppedOf(stable, after[index]!)
      if (held === undefined) continue
      const { policy, seq, current: to } = stable
      const from = { version: held.version, digest: held.releaseDigest }
      const reason = `run #${run} takes its place`
      const data = { policy, from, to, seq, reason, run: runOf(stable, held) ?? null, replacedBy: run }
      await this.runtime.emit(tx, 'hms.rollout.reversed.v1', data, { key, run, attempt, causationId })
    }
  }

  private async takeBack(tx: Transaction, rollout: Rollout, change: Change, detail: string): Promise<void> {
    const { key, run, attempt, causationId, members } = rollout
    const back = await this.giveUpOwn(tx, rollout, change)
    if (!rollout.promoted) return
    // Under the key of the run: whoever hears that it failed has heard of all its policies before.
    for (const { policy, current: to, seq } of back) {
      const { version, release } = members.find((member) => member.policy === policy)!
      const data = { policy, from: { version, digest: release }, to, seq, reason: detail, run, change }
      await this.runtime.emit(tx, 'hms.rollout.reversed.v1', data, { key, run, attempt, causationId })
    }
  }

  /** Leaves policies that another run, or people, have moved since (`moved`: they are about to). Returns those that went back. */
  private async giveUpOwn(tx: Transaction, rollout: Rollout, change: Change, moved: readonly string[] = []): Promise<Stable[]> {
    const { live } = openDossier(rollout.dossier)
    const own = (await stablesOf(tx, rollout)).filter(({ policy, run }) => run === rollout.run && !moved.includes(policy))
    if (own.length === 0) return []
    const refused = await refusedOf(
      tx,
      own.flatMap(({ policy }) => live[policy] ?? []),
      this.runtime.roster,
    )
    const targets = own.map((stable) => ({ stable, to: live[stable.policy] ?? null }))
    // Readers would refuse its head, and be in doubt of all the others: what they have stays, and people go on from there.
    const isRefused = targets.some(({ to }) => to !== null && refused.has(to.releaseDigest))
    if (isRefused) return this.leave(tx, own)
    const back = targets.map(({ stable, to }) => giveUp(stable, to, { now: tx.now, wasTold: rollout.promoted }))
    const { key, run, attempt, causationId } = rollout
    await this.heads.issue(tx, back, { key, run, attempt, causationId, change })
    return back
  }

  private async leave(tx: Transaction, own: readonly Stable[]): Promise<Stable[]> {
    for (const { policy } of own) this.runtime.log.warn({ policy }, 'not taken back: readers would refuse what was in force before')
    for (const stable of own) await tx.documents(STABLES).put({ ...stable, run: null })
    return []
  }

  private async freePolicies(tx: Transaction, { run, members }: Rollout): Promise<void> {
    for (const { policy } of members) {
      const stable = await tx.documents(STABLES).get(policy)
      if (stable?.run === run) await tx.documents(STABLES).put({ ...stable, run: null })
    }
  }
}

/** A run is brought by the people whose signatures count on its releases. */
function advanceOf(releases: readonly ReleaseDocument[], reasons: readonly SigningReason[], roster: Roster): Change {
  const signers = releases.flatMap(({ envelope }) => approvalState(roster, readRelease(envelope)).approvedBy.map(({ name }) => name))
  const glass = releases.map(breakGlassOf).find((order) => order !== undefined)
  return {
    cause: glass === undefined ? 'run' : 'break-glass',
    by: [...new Set(signers)],
    reason: glass?.reason ?? reasonOf(reasons),
    statements: [],
  }
}

/** A run is taken back by the person who aborted it, by the run that supersedes it, or by rollout itself. */
function changeOf({ detail, decision }: { detail: string; decision?: AcceptedDecision }): Change {
  if (decision === undefined) return { cause: 'rollback', by: ['rollout'], reason: detail, statements: [] }
  const { by, reason, publicReason, statement } = decision
  return {
    cause: 'rollback',
    by: [by],
    reason,
    ...(publicReason === undefined ? {} : { publicReason }),
    // A newer run shows its release, which is kept as such.
    statements: decision.decision === 'supersede' ? [] : [{ envelope: statement }],
  }
}

/** In the order of the members. */
function stablesOf(tx: Transaction, { members }: Rollout): Promise<Stable[]> {
  return Promise.all(members.map(({ policy }) => stableOrNew(tx, policy)))
}
