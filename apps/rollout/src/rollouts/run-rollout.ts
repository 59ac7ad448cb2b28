import type { ReportedCoverage, EventData, PublishedHeads, ReceivedEvent, RunDossier } from '#libs/contracts'
import { policyKey, type EventAnswer } from '#libs/messaging'
import { lockedDocument, timerKind, type TimerKind, type Transaction } from '#libs/persistence'
import { inTrace } from '#libs/platform'
import {
  isRolloutOpen,
  onBaked,
  onCoverageChanged,
  onHeadsPublished,
  onSilence,
  resumeRollout,
  rolloutSummary,
  type Rollout,
  type RolloutDecision,
} from '#libs/pipeline'
import { ServiceRuntime } from '#libs/service'
import { deniedByGuard, isAborted, rememberAbort, unattestedHere } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { RolloutConfig } from '../rollout.config.js'
import { StableHeads } from '../stable/stable-heads.js'
import { advance, giveUp, newStable, stableOf, STABLES, type Stable } from '../stable/stable.table.js'
import { ROLLOUTS } from './rollout.table.js'

type RunTimer = { run: number; attempt: number }
const ACKNOWLEDGE = timerKind<RunTimer>('rollout-acknowledge')
const BAKE = timerKind<RunTimer>('rollout-bake')
const PUBLISH = timerKind<RunTimer>('rollout-publish')

/** The shell around the pure decisions: widens to everyone, waits for the bots, bakes. Every wait is a timer row. */
@Injectable()
export class RunRollout {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly config: RolloutConfig,
    private readonly heads: StableHeads,
  ) {
    runtime.onTimer(ACKNOWLEDGE, (tx, { data }) => this.with(tx, data.run, (rollout) => this.apply(tx, onSilence(rollout))))
    runtime.onTimer(BAKE, (tx, { data }) => this.with(tx, data.run, (rollout) => this.apply(tx, onBaked(rollout))))
    runtime.onTimer(PUBLISH, (tx, { data }) => this.with(tx, data.run, (rollout) => this.overdue(tx, rollout)))
  }

  /** Once per attempt; a run that was ended meanwhile, and an attempt that another took the place of, are not rolled out. */
  async open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<EventAnswer> {
    const { run, attempt } = dossier
    const known = await tx.documents(ROLLOUTS).get(String(run))
    const isOld = known !== undefined && known.attempt >= attempt
    if (isOld || (await isAborted(this.runtime, tx, dossier, { stage: 'rollout', key: cause.key }))) return 'ignored-stale'
    const emit = { key: cause.key, run, attempt, causationId: cause.id }
    const lacking = unattestedHere(this.runtime, dossier, ['lint', 'simulate', 'canary'])
    if (lacking !== undefined) {
      await this.runtime.emit(
        tx,
        'hms.rollout.failed.v1',
        { run, attempt, reason: 'UNATTESTED', detail: lacking, next: [`hms-svc audit log --run ${run}`] },
        emit,
      )
      return
    }
    if (await deniedByGuard(this.runtime, tx, 'rollout', dossier, cause)) return
    const stables = await Promise.all(dossier.releases.map(async ({ id }) => (await stableOf(tx, id)) ?? newStable(id)))
    const moved = stables.find((stable) => (stable.current?.releaseDigest ?? null) !== (dossier.live[stable.policy]?.releaseDigest ?? null))
    if (moved !== undefined) {
      const detail = `${moved.policy} moved to ${moved.current?.version ?? 'nothing'} while the canary ran`
      await this.runtime.emit(
        tx,
        'hms.rollout.failed.v1',
        { run, attempt, reason: 'LIVE_MOVED', detail, next: ['hms-svc approve FILE --sign NAME'] },
        emit,
      )
      return
    }
    const bundle = dossier.releases.map((release) => release.id)
    const advanced = stables.map((stable) =>
      advance(
        stable,
        dossier.releases.find((release) => release.id === stable.policy)!,
        run,
        bundle,
        tx.now,
      ),
    )
    await this.heads.issue(tx, advanced, emit)
    const rollout: Rollout = {
      run,
      attempt,
      key: cause.key,
      state: 'publishing',
      bakeMs: dossier.plan.bakeMs,
      quorum: this.config.quorumShare,
      promoted: false,
      baked: false,
      members: advanced.map((stable) => memberOf(stable)),
      dossier,
      causationId: cause.id,
      traceparent: cause.traceparent ?? null,
    }
    await tx.documents(ROLLOUTS).put(rollout)
    await this.scheduleTimer(tx, rollout, PUBLISH, this.config.publishMs)
    await this.runtime.emit(tx, 'hms.rollout.started.v1', { run, attempt, detail: 'waiting for the store' }, emit)
  }

  async published(tx: Transaction, { run, heads }: PublishedHeads): Promise<void> {
    if (run !== null) await this.withOpen(tx, run, (rollout) => this.apply(tx, onHeadsPublished(rollout, heads)))
  }

  async covered(tx: Transaction, { ofRun, reports }: ReportedCoverage): Promise<void> {
    if (ofRun !== null) await this.withOpen(tx, ofRun, (rollout) => this.apply(tx, onCoverageChanged(rollout, reports)))
  }

  /** People, a deadline or a fault ended the run: now, or before its canary passed. What it made live goes back with it. */
  async decided(tx: Transaction, { run, attempt, reason }: EventData['hms.run.decided.v1']): Promise<void> {
    await rememberAbort(tx, { run, attempt })
    await this.with(tx, run, async (rollout) => {
      if (rollout.attempt <= attempt && isRolloutOpen(rollout))
        await this.takeBack(tx, rollout, 'RUN_ENDED', `the run was ended: ${reason}`)
    })
  }

  /** The cohort's alerts are not explained by the new rule, and its canary had passed: what is live goes back. */
  async alarmed(tx: Transaction, { run, attempt, reason, detail }: EventData['hms.canary.alarmed.v1']): Promise<void> {
    await this.with(tx, run, async (rollout) => {
      if (rollout.attempt === attempt && isRolloutOpen(rollout)) await this.takeBack(tx, rollout, reason, detail)
    })
  }

  /** A rollback took over, or the run was ended: the rollout under way stops where it is. What is live is the rollback's matter. */
  async abort(tx: Transaction, run: number): Promise<void> {
    await this.with(tx, run, async (rollout) => {
      if (isRolloutOpen(rollout)) await this.close(tx, { ...rollout, state: 'aborted' })
    })
  }

  async apply(tx: Transaction, { rollout: decided, step }: RolloutDecision): Promise<void> {
    const isStored = decided.state !== 'publishing'
    const rollout = { ...decided, promoted: decided.promoted || isStored }
    await tx.documents(ROLLOUTS).put(rollout)
    if (isStored) await this.runtime.cancel(tx, timerId(PUBLISH, rollout))
    if (isStored && !decided.promoted) await this.promote(tx, rollout)
    switch (step.do) {
      case 'nothing':
        return
      case 'await':
        return this.scheduleTimer(tx, rollout, ACKNOWLEDGE, this.config.acknowledgeMs)
      case 'bake':
        return this.bake(tx, rollout)
      case 'complete':
        return this.complete(tx, rollout)
      case 'pause': {
        const { run, attempt } = rollout
        const next = [`hms-svc runs resume ${run} --reason TEXT --sign NAME`]
        return this.emit(tx, rollout, 'hms.rollout.paused.v1', { run, attempt, reason: step.reason, detail: step.detail, next })
      }
    }
  }

  /** People answered a pause: the same heads under new numbers, so that the store says anew who is there. */
  async resume(tx: Transaction, rollout: Rollout): Promise<void> {
    const { key, run, attempt, causationId } = rollout
    const stables = (await this.stablesOf(tx, rollout)).map((stable) => ({ ...stable, seq: stable.seq + 1 }))
    await this.heads.issue(tx, stables, { key, run, attempt, causationId })
    const resumed = resumeRollout(rollout)
    const members = resumed.members.map((member, index) => ({ ...member, seq: stables[index]!.seq }))
    await tx.documents(ROLLOUTS).put({ ...resumed, members })
    await this.scheduleTimer(tx, rollout, PUBLISH, this.config.publishMs)
  }

  /** People ended it: what was live before is live again. Their decision, and no failure of this stage, is the run's end. */
  async abortByDecision(tx: Transaction, rollout: Rollout, detail: string): Promise<void> {
    await rememberAbort(tx, rollout)
    await this.goBack(tx, rollout, 'aborted', detail)
  }

  private async promote(tx: Transaction, rollout: Rollout): Promise<void> {
    const { run, attempt } = rollout
    const heads = rollout.members.map(({ policy, seq, release, version }) => ({ policy, seq, release, version }))
    await this.emit(tx, rollout, 'hms.rollout.promoted.v1', { run, attempt, heads })
  }

  private async bake(tx: Transaction, rollout: Rollout): Promise<void> {
    await this.runtime.cancel(tx, timerId(ACKNOWLEDGE, rollout))
    await this.scheduleTimer(tx, rollout, BAKE, rollout.bakeMs)
    const until = new Date(tx.now.getTime() + rollout.bakeMs).toISOString()
    const { run, attempt } = rollout
    await this.emit(tx, rollout, 'hms.rollout.bake-started.v1', {
      run,
      attempt,
      until,
      detail: `${rolloutSummary(rollout)}; bakes until ${until}`,
    })
  }

  private async complete(tx: Transaction, rollout: Rollout): Promise<void> {
    await this.close(tx, { ...rollout, state: 'completed' })
    await this.emit(tx, rollout, 'hms.rollout.completed.v1', { dossier: rollout.dossier, summary: rolloutSummary(rollout) })
  }

  /** The heads are in the outbox and will be stored one day; the run no longer waits for it, and takes its word back. */
  private async overdue(tx: Transaction, rollout: Rollout): Promise<void> {
    if (rollout.state !== 'publishing') return
    await this.takeBack(tx, rollout, 'PUBLISH_TIMEOUT', 'the config-store did not store the new heads in time; they were taken back')
  }

  private async takeBack(tx: Transaction, rollout: Rollout, reason: string, detail: string): Promise<void> {
    const { run, attempt } = rollout
    await this.goBack(tx, rollout, 'failed', detail)
    await this.emit(tx, rollout, 'hms.rollout.failed.v1', { run, attempt, reason, detail, next: [`hms-svc audit log --run ${run}`] })
  }

  /** Heads that say again what was live before; whoever was told of a promotion is told that it is over. */
  private async goBack(tx: Transaction, rollout: Rollout, state: 'failed' | 'aborted', detail: string): Promise<void> {
    const { run, attempt, dossier, key } = rollout
    const stables = await this.stablesOf(tx, rollout)
    const back = stables.map((stable) => giveUp(stable, dossier.live[stable.policy] ?? null, tx.now))
    await this.heads.issue(tx, back, { key, run, attempt, causationId: rollout.causationId })
    const promoted = rollout.promoted ? rollout.members : []
    for (const [index, { policy, version, release }] of promoted.entries()) {
      const data = { policy, from: { version, digest: release }, to: back[index]!.current, seq: back[index]!.seq, reason: detail, run }
      await this.runtime.emit(tx, 'hms.rollout.reversed.v1', data, { key: policy, run, attempt, causationId: rollout.causationId })
    }
    await this.close(tx, { ...rollout, state })
  }

  private stablesOf(tx: Transaction, rollout: Rollout): Promise<Stable[]> {
    return Promise.all(rollout.members.map(async ({ policy }) => (await stableOf(tx, policy))!))
  }

  private async close(tx: Transaction, rollout: Rollout): Promise<void> {
    await tx.documents(ROLLOUTS).put(rollout)
    for (const { policy } of rollout.members) {
      const stable = await tx.documents(STABLES).get(policy)
      if (stable?.run === rollout.run) await tx.documents(STABLES).put({ ...stable, run: null })
    }
    for (const kind of [ACKNOWLEDGE, BAKE, PUBLISH]) await this.runtime.cancel(tx, timerId(kind, rollout))
  }

  /** A bundle is one aggregate: whoever comes has locked one of its policies, the decision needs all. */
  private async with(tx: Transaction, run: number, work: (rollout: Rollout) => Promise<void>): Promise<void> {
    const rollout = await lockedDocument(tx, ROLLOUTS, String(run), rolloutKeys)
    if (rollout !== undefined) await inTrace(rollout.traceparent, () => work(rollout))
  }

  /** What becomes of the heads of a rollout that is over moves nothing. */
  private withOpen(tx: Transaction, run: number, work: (rollout: Rollout) => Promise<void>): Promise<void> {
    return this.with(tx, run, async (rollout) => {
      if (isRolloutOpen(rollout)) await work(rollout)
    })
  }

  private scheduleTimer(tx: Transaction, rollout: Rollout, kind: TimerKind<RunTimer>, inMs: number): Promise<void> {
    const dueAt = new Date(tx.now.getTime() + inMs)
    return this.runtime.schedule(tx, {
      id: timerId(kind, rollout),
      kind,
      keys: rolloutKeys(rollout),
      data: { run: rollout.run, attempt: rollout.attempt },
      dueAt,
    })
  }

  private async emit<T extends keyof EventData>(tx: Transaction, rollout: Rollout, type: T, data: EventData[T]): Promise<void> {
    await this.runtime.emit(tx, type, data, {
      key: rollout.key,
      run: rollout.run,
      attempt: rollout.attempt,
      causationId: rollout.causationId,
    })
  }
}

function memberOf(stable: Stable): Rollout['members'][number] {
  const { releaseDigest, version } = (stable.next?.release ?? stable.current)!
  const begins = stable.next === undefined ? {} : { beginsAt: stable.next.at }
  const nobody = { published: false, connected: 0, expected: 0, acknowledged: 0, silent: [] }
  return { policy: stable.policy, seq: stable.seq, release: releaseDigest, version, ...nobody, ...begins }
}

export function rolloutKeys(rollout: Rollout): string[] {
  return rollout.members.map((member) => policyKey(member.policy))
}

function timerId(kind: string, rollout: Rollout): string {
  return `${kind}:${rollout.run}:${rollout.attempt}`
}
