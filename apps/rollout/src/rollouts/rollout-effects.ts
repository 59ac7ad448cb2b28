import {
  openDossier,
  reasonOf,
  type AcceptedDecision,
  type Change,
  type EventType,
  type ReleaseDocument,
  type SigningReason,
} from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { endsRun, type CommonEffect, type Rollout, type RolloutEffect, type RolloutMember, type RolloutTimer } from '#libs/pipeline'
import { approvalState, breakGlassOf, readRelease, type Roster, type SignatureError } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import type { OwnEffect } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { AnnounceMoves, withKept } from '../stable/announce-moves.js'
import { StableHeads } from '../stable/stable-heads.js'
import { refusedOf } from '../stable/readable.js'
import {
  advance,
  droppedOf,
  giveUp,
  newestOf,
  runOf,
  stableOrNew,
  STABLES,
  type MoveEvent,
  type RunEnding,
  type Stable,
} from '../stable/stable.table.js'

type RolloutCommon = CommonEffect<EventType, RolloutTimer>

/** A policy of the run, and the release that was in force before it. */
interface Target {
  stable: Stable
  to: ReleaseDocument | null
}

interface Back {
  before: Stable
  moved: Stable
}

/** Executes rollout's own effects: stable heads, and the run that owns a policy. */
@Injectable()
export class RolloutEffects {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly heads: StableHeads,
    private readonly moves: AnnounceMoves,
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

  /** The end of a run contains what the run leaves in force, and waits for the announcement of what the run takes back. */
  async amend(tx: Transaction, rollout: Rollout, effect: RolloutCommon): Promise<RolloutCommon | undefined> {
    if (effect.do === 'emit' && effect.type === 'hms.rollout.promoted.v1')
      return { ...effect, data: { ...effect.data, change: this.advanceOf(rollout) } }
    if (!isEnding(effect)) return effect
    if (rollout.kept !== undefined) return withKept(effect, rollout.kept)
    if (rollout.endsWith === undefined) return effect
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
    const next =
      how === 'renew'
        ? stables.filter((stable) => stable.run === run).map((stable) => ({ ...stable, seq: stable.seq + 1 }))
        : stables.map((stable, index) => advance(stable, releases[index]!, run, bundle, tx.now))
    if (next.length === 0) return rollout
    if (how === 'advance') await this.announceDropped(tx, rollout, stables, next)
    const { key, attempt, causationId } = rollout
    const change = how === 'renew' ? undefined : this.advanceOf(rollout)
    await this.heads.issue(tx, next, { key, run, attempt, causationId, change })
    const seqs = new Map(next.map(({ policy, seq }) => [policy, seq]))
    return { ...rollout, members: rollout.members.map((member) => ({ ...member, seq: seqs.get(member.policy) ?? member.seq })) }
  }

  /**
   * Publishes that a held release was dropped, because partners may have been notified of it. Keyed by the run, so a consumer of its
   * promotion has received this event before.
   */
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

  private async takeBack(tx: Transaction, rollout: Rollout, change: Change, reason: string): Promise<Rollout> {
    const { targets, refusal } = await this.ownOf(tx, rollout)
    if (refusal !== undefined) return this.leave(tx, rollout, targets, refusal)
    const back = backOf(rollout, targets, tx.now)
    // Other services were not notified of it, so they are not notified that it goes.
    if (!rollout.promoted) return this.issueBack(tx, rollout, back, change)
    if (back.length === 0) return rollout
    const { key, run, attempt, causationId } = rollout
    const policies = back.map(({ moved: { policy } }) => policy)
    const later: Stable[] = []
    for (const { before, moved } of back) {
      const { policy, current: to, seq } = moved
      const { version, release: digest } = memberOf(rollout, policy)
      const event: MoveEvent = {
        type: 'hms.rollout.reversed.v1',
        data: { policy, from: { version, digest }, to, seq, reason, run, change },
      }
      // Under the key of the run: it is announced before the event by which the run ends.
      later.push(await this.moves.later(tx, { before, moved, event, key, of: { run, attempt, causationId, policies } }))
    }
    const issued = await this.heads.issue(tx, later, { key, run, attempt, causationId, change })
    this.moves.settleSoon(tx, issued, later, rollout.traceparent ?? undefined)
    return { ...rollout, endsWith: policies.at(-1)! }
  }

  private async giveUpRest(tx: Transaction, rollout: Rollout, moved: readonly string[]): Promise<Rollout> {
    const { targets, refusal } = await this.ownOf(tx, rollout, moved)
    if (refusal !== undefined) return this.leave(tx, rollout, targets, refusal)
    const detail = `${moved.join(', ')} moved, and the run is whole or nothing`
    return this.issueBack(tx, rollout, backOf(rollout, targets, tx.now), changeOf({ detail }))
  }

  private async issueBack(tx: Transaction, rollout: Rollout, back: readonly Back[], change: Change): Promise<Rollout> {
    const { key, run, attempt, causationId } = rollout
    const moved = back.map((each) => each.moved)
    if (moved.length > 0) await this.heads.issue(tx, moved, { key, run, attempt, causationId, change })
    return rollout
  }

  /**
   * Returns the policies whose release of this run is in force or held, each with the release before it. Excludes policies that have moved
   * since, and those in `moved`, which are about to. `refusal`: why readers would refuse the release before, if they accept this run's.
   */
  private async ownOf(
    tx: Transaction,
    { run, members, dossier }: Rollout,
    moved: readonly string[] = [],
  ): Promise<{ targets: Target[]; refusal: SignatureError | undefined }> {
    const { live } = openDossier(dossier)
    const own = (await stablesOf(tx, { members })).filter((stable) => stable.run === run && !moved.includes(stable.policy))
    const targets = own.map((stable) => ({ stable, to: live[stable.policy] ?? null }))
    const before = targets.flatMap(({ to }) => to ?? [])
    const [refusal] = (await refusedOf(tx, before, this.runtime.roster)).values()
    if (refusal === undefined) return { targets, refusal }
    const now = own.flatMap((stable) => newestOf(stable) ?? [])
    const refused = await refusedOf(tx, now, this.runtime.roster)
    return { targets, refusal: refused.size === 0 ? refusal : undefined }
  }

  /** A head that readers refuse would leave them in doubt of all policies: what they have stays in force, and people decide. */
  private async leave(tx: Transaction, rollout: Rollout, targets: readonly Target[], { code, detail }: SignatureError): Promise<Rollout> {
    const { key, run, attempt, causationId } = rollout
    const members = targets.map(({ stable }) => memberOf(rollout, stable.policy))
    const kept = targets.map(({ to }, index) => {
      const { policy: id, version } = members[index]!
      return { id, version, refused: to?.version ?? null, code, detail }
    })
    tx.afterCommit(() => this.runtime.log.warn({ run, kept }, 'not taken back: readers would refuse what was in force before'))
    for (const { stable } of targets) await tx.documents(STABLES).put({ ...stable, run: null })
    // Its heads are out: other services must know what is live.
    if (!rollout.promoted) {
      const heads = members.map(({ policy, seq, release, version }) => ({ policy, seq, release, version }))
      const change = this.advanceOf(rollout)
      await this.runtime.emit(tx, 'hms.rollout.promoted.v1', { run, attempt, heads, change }, { key, run, attempt, causationId })
    }
    return { ...rollout, promoted: true, kept }
  }

  /** A run is brought by the people whose signatures count on its releases. */
  private advanceOf({ dossier }: Rollout): Change {
    const { releases, reasons = [] } = openDossier(dossier)
    return advanceOf(releases, reasons, this.runtime.roster)
  }

  private async freePolicies(tx: Transaction, { run, members }: Rollout): Promise<void> {
    for (const { policy } of members) {
      const stable = await tx.documents(STABLES).get(policy)
      if (stable?.run === run) await tx.documents(STABLES).put({ ...stable, run: null })
    }
  }
}

/** Whether it ends the run: the run failed, or a decision ended it. */
function isEnding(effect: RolloutCommon): effect is RunEnding {
  if (effect.do === 'answer') return effect.outcome === 'applied' && endsRun(effect.decision.decision)
  return effect.do === 'emit' && effect.type === 'hms.rollout.failed.v1'
}

function backOf({ promoted }: Rollout, targets: readonly Target[], now: Date): Back[] {
  return targets.map(({ stable, to }) => ({ before: stable, moved: giveUp(stable, to, { now, wasTold: promoted }) }))
}

function memberOf({ members }: Rollout, policy: string): RolloutMember {
  return members.find((member) => member.policy === policy)!
}

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

/** Builds the change of a reverted run, caused by the person who aborted it, by the run that supersedes it, or by rollout itself. */
function changeOf({ detail, decision }: { detail: string; decision?: AcceptedDecision }): Change {
  if (decision === undefined) return { cause: 'rollback', by: ['rollout'], reason: detail, statements: [] }
  const { by, reason, publicReason, statement } = decision
  return {
    cause: 'rollback',
    by: [by],
    reason,
    ...(publicReason === undefined ? {} : { publicReason }),
    // The newer run's release is stored as such.
    statements: decision.decision === 'supersede' ? [] : [{ envelope: statement }],
  }
}

/** In the order of the members. */
function stablesOf(tx: Transaction, { members }: Pick<Rollout, 'members'>): Promise<Stable[]> {
  return Promise.all(members.map(({ policy }) => stableOrNew(tx, policy)))
}
