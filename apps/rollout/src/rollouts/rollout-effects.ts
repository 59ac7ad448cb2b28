import { openDossier, reasonOf, type AcceptedDecision, type Change, type EventType, type ReleaseDocument } from '#libs/contracts'
import type { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { endsRun, promotedHeads, type CommonEffect, type Rollout, type RolloutEffect, type RolloutTimer } from '#libs/pipeline'
import type { Logger } from '#libs/platform'
import type { Rosters } from '#libs/service'
import { approvalState, breakGlassOf, readRelease, refOf, type SignatureError } from '#libs/signing'
import { optionsOf, type OwnEffect } from '#libs/stage'
import { refusedOf } from '../stable/refused-releases.js'
import { seqsOf, withKept, type Cause, type Move, type StableMoves } from '../stable/stable-moves.js'
import {
  advance,
  droppedOf,
  revertRelease,
  newestOf,
  runOf,
  stableOrNew,
  STABLES,
  type RunEnding,
  type Stable,
} from '../stable/stable.table.js'

type RolloutCommon = CommonEffect<EventType, RolloutTimer>

/** Policy of the run, and the release that was in force before the run. */
interface Target {
  stable: Stable
  to: ReleaseDocument | null
}

/** Executes the effects that only rollout has: signs stable heads, and frees the policies that a run owns. */
export class RolloutEffects {
  constructor(
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly log: Logger,
    private readonly moves: StableMoves,
  ) {}

  async perform(tx: Transaction, rollout: Rollout, effect: Exclude<OwnEffect<RolloutEffect>, { do: 'overtake' }>): Promise<Rollout | void> {
    switch (effect.do) {
      case 'issueHeads':
        return this.issue(tx, rollout, effect.how)
      case 'takeBack':
        return this.takeBack(tx, rollout, changeOf(effect), effect.detail)
      case 'giveUpRest':
        return this.giveUpRest(tx, rollout, effect.moved)
      case 'freePolicies':
        return this.freePolicies(tx, rollout)
    }
  }

  /**
   * Completes the events of a run: adds the change to the promotion, and the releases that stay in force to the end event. If the run
   * reverts a promoted release, stores the end event until the reversal is announced, and returns `undefined`.
   */
  async amend(tx: Transaction, rollout: Rollout, effect: RolloutCommon): Promise<RolloutCommon | undefined> {
    if (effect.do === 'emit' && effect.type === 'hms.rollout.promoted.v1')
      return { ...effect, data: { ...effect.data, change: this.advanceOf(rollout) } }
    if (!isEnding(effect)) return effect
    if (rollout.kept !== undefined) return withKept(effect, rollout.kept)
    if (rollout.endsWith === undefined) return effect // guard: run-end-waits-for-announcement
    const stable = (await tx.documents(STABLES).get(rollout.endsWith))!
    const unannounced = { ...stable.unannounced!, ends: { announced: effect, refused: effect } }
    await tx.documents(STABLES).put({ ...stable, unannounced })
    return undefined
  }

  private async issue(tx: Transaction, rollout: Rollout, how: 'advance' | 'renew'): Promise<Rollout> {
    const { run } = rollout
    const { releases } = openDossier(rollout.dossier)
    const bundle = releases.map((release) => release.id)
    const stables = await stablesOf(tx, rollout)
    const moves =
      how === 'renew'
        ? // guard: own-renewal
          stables.filter((stable) => stable.run === run).map((before) => ({ before, after: { ...before, seq: before.seq + 1 } }))
        : stables.map((before, index) => ({ before, after: advance(before, releases[index]!, run, bundle, tx.now) }))
    if (how === 'advance') await this.announceDropped(tx, rollout, moves)
    await this.move(tx, rollout, moves, how === 'renew' ? undefined : this.advanceOf(rollout))
    const seqs = seqsOf(moves.map(({ after }) => after))
    return { ...rollout, members: rollout.members.map((member) => ({ ...member, seq: seqs.get(member.policy) ?? member.seq })) }
  }

  private async move(tx: Transaction, rollout: Rollout, moves: readonly Move[], change: Change | undefined): Promise<Rollout> {
    if (moves.length > 0) await this.moves.moveStable(tx, moves, { ...causeOf(rollout), change })
    return rollout
  }

  /**
   * Publishes the reversal of each release that waited for its effective time and that this run replaces, because partners may have been
   * notified of the release. Uses the run's key, so that consumers receive this event before the run's promotion.
   */
  private async announceDropped(tx: Transaction, rollout: Rollout, moves: readonly Move[]): Promise<void> {
    const { run } = rollout
    for (const { before, after } of moves) {
      const held = droppedOf(before, after)
      if (held === undefined) continue // guard: dropped-is-announced
      const { policy, seq, current: to } = before
      const reason = `run #${run} replaced it`
      const data = { policy, from: refOf(held), to, seq, reason, run: runOf(before, held) ?? null, replacedBy: run }
      await this.outbox.emit(tx, 'hms.rollout.reversed.v1', data, optionsOf(rollout))
    }
  }

  private async takeBack(tx: Transaction, rollout: Rollout, change: Change, reason: string): Promise<Rollout> {
    const { targets, refusal } = await this.revertTargets(tx, rollout)
    if (refusal !== undefined) return this.leaveInForce(tx, rollout, targets, refusal)
    const moves = reversalMoves(rollout, targets, tx.now)
    // Before the promotion, other services do not know the release, and are not notified of its reversal.
    if (!rollout.promoted) return this.move(tx, rollout, moves, change)
    if (moves.length === 0) return rollout
    const announced = moves.map((move) => {
      const { policy, current: to, seq } = move.after
      const { version, release: digest } = memberOf(rollout, policy)
      const data = { policy, from: { version, digest }, to, seq, reason, run: rollout.run, change }
      return { ...move, event: { type: 'hms.rollout.reversed.v1' as const, data } }
    })
    // Uses the run's key, so that the reversal is announced before the event that ends the run.
    await this.moves.moveStable(tx, announced, { ...causeOf(rollout), change, postedIn: { traceparent: rollout.traceparent ?? undefined } })
    return { ...rollout, endsWith: moves.at(-1)!.after.policy }
  }

  private async giveUpRest(tx: Transaction, rollout: Rollout, moved: readonly string[]): Promise<Rollout> {
    const { targets, refusal } = await this.revertTargets(tx, rollout, moved)
    if (refusal !== undefined) return this.leaveInForce(tx, rollout, targets, refusal)
    const detail = `${moved.join(', ')} changed outside this run, and a run succeeds or fails as a whole`
    return this.move(tx, rollout, reversalMoves(rollout, targets, tx.now), changeOf({ detail }))
  }

  /**
   * Returns each policy that still has this run's release, in force or held, with its previous release. Leaves out the policies in `moved`,
   * which are about to change. `refusal`: why readers, which accept this run's releases, would refuse a previous release.
   */
  private async revertTargets(
    tx: Transaction,
    { run, members, dossier }: Rollout,
    moved: readonly string[] = [],
  ): Promise<{ targets: Target[]; refusal: SignatureError | undefined }> {
    const { live } = openDossier(dossier)
    // guard: own-take-back
    const owned = (await stablesOf(tx, { members })).filter((stable) => stable.run === run && !moved.includes(stable.policy))
    const targets = owned.map((stable) => ({ stable, to: live[stable.policy] ?? null }))
    const previous = targets.flatMap(({ to }) => to ?? [])
    const [refusal] = (await refusedOf(tx, previous, this.rosters.newest)).values()
    if (refusal === undefined) return { targets, refusal }
    const ownReleases = owned.flatMap((stable) => newestOf(stable) ?? [])
    const refused = await refusedOf(tx, ownReleases, this.rosters.newest)
    return { targets, refusal: refused.size === 0 ? refusal : undefined } // guard: fallback-refused-stays
  }

  /** Leaves this run's releases in force until people decide. A head that readers refuse would make readers doubt all policies. */
  private async leaveInForce(
    tx: Transaction,
    rollout: Rollout,
    targets: readonly Target[],
    { code, detail }: SignatureError,
  ): Promise<Rollout> {
    const { run, attempt } = rollout
    const members = targets.map(({ stable }) => memberOf(rollout, stable.policy))
    const kept = targets.map(({ to }, index) => {
      const { policy: id, version } = members[index]!
      return { id, version, refused: to?.version ?? null, code, detail }
    })
    tx.afterCommit(() =>
      this.log.warn({ run, kept }, 'releases not rolled back: readers would refuse the releases in force before the run'),
    )
    for (const { stable } of targets) await tx.documents(STABLES).put({ ...stable, run: null })
    // The run's heads are published, so other services must be notified of the live releases.
    if (!rollout.promoted) {
      const heads = promotedHeads(members, tx.now)
      const change = this.advanceOf(rollout)
      await this.outbox.emit(tx, 'hms.rollout.promoted.v1', { run, attempt, heads, change }, optionsOf(rollout))
    }
    return { ...rollout, promoted: true, kept }
  }

  /** Returns the change that the run makes, attributed to the people whose signatures count on its releases. */
  private advanceOf({ dossier }: Rollout): Change {
    const { releases, reasons = [] } = openDossier(dossier)
    const roster = this.rosters.newest
    const signers = releases.flatMap(({ envelope }) => approvalState(roster, readRelease(envelope)).approvedBy.map(({ name }) => name))
    const breakGlass = releases.map(breakGlassOf).find((order) => order !== undefined)
    return {
      cause: breakGlass === undefined ? 'run' : 'break-glass',
      by: [...new Set(signers)],
      reason: breakGlass?.reason ?? reasonOf(reasons),
      statements: [],
    }
  }

  private async freePolicies(tx: Transaction, { run, members }: Rollout): Promise<void> {
    for (const { policy } of members) {
      const stable = await tx.documents(STABLES).get(policy)
      if (stable?.run === run) await tx.documents(STABLES).put({ ...stable, run: null })
    }
  }
}

function causeOf({ key, run, attempt, causationId }: Rollout): Cause {
  return { key, of: { run, attempt, causationId } }
}

/** Whether the effect ends the run: the run failed, or a decision ended it. */
function isEnding(effect: RolloutCommon): effect is RunEnding {
  if (effect.do === 'answer') return effect.outcome === 'applied' && endsRun(effect.decision.decision)
  return effect.do === 'emit' && effect.type === 'hms.rollout.failed.v1'
}

function reversalMoves({ promoted }: Rollout, targets: readonly Target[], now: Date): Move[] {
  return targets.map(({ stable, to }) => ({ before: stable, after: revertRelease(stable, to, { now, wasPromoted: promoted }) }))
}

function memberOf({ members }: Rollout, policy: string): Rollout['members'][number] {
  return members.find((member) => member.policy === policy)!
}

/** Builds the change of a reverted run, caused by the person who aborted it, by the run that supersedes it, or by rollout itself. */
function changeOf({ detail, decision }: { detail: string; decision?: AcceptedDecision }): Change {
  if (decision === undefined) return { cause: 'rollback', by: ['rollout'], reason: detail, statements: [] }
  const { by, reason, publicReason, statement } = decision
  return {
    cause: 'rollback',
    by: [by],
    reason,
    ...(publicReason === undefined ? {} : { publicReason }),
    // The statement of `supersede` is the newer run's release, which is stored as a release already.
    statements: decision.decision === 'supersede' ? [] : [{ envelope: statement }],
  }
}

/** Returns the state of each member's policy, in the order of the members. */
function stablesOf(tx: Transaction, { members }: Pick<Rollout, 'members'>): Promise<Stable[]> {
  return Promise.all(members.map(({ policy }) => stableOrNew(tx, policy)))
}
