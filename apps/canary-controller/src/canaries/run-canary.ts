import type { ReportedCoverage, EventData, LoggedProof, PublishedHeads, ReceivedEvent, RunDossier } from '#libs/contracts'
import { policyKey, type EventAnswer } from '#libs/messaging'
import { lockedDocument, timerKind, type TimerKind, type Transaction } from '#libs/persistence'
import {
  canaryLabel,
  isEvidenceRequired,
  isLive,
  isOpen,
  lackOfEvidence,
  onAcknowledgementsOverdue,
  onCoverage,
  onObserved,
  onPublished,
  resumeCanary,
  summaryOf,
  type Canary,
  type CanaryDecision,
} from '#libs/pipeline'
import { inTrace } from '#libs/platform'
import { CANARY_OBSERVED, CANARY_PASSED, CANARY_PROMOTED, withAttestation } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { deniedByGuard, isAborted, rememberAbort, unattestedHere } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { attestCanary } from './attest-canary.js'
import { CanaryControllerConfig } from '../canary-controller.config.js'
import { CanaryHeads } from './canary-heads.js'
import { CANARIES } from './canary.table.js'
import { newCanary } from './new-canary.js'
import { ReleaseProofs } from './release-proofs.js'

type RunTimer = { run: number; attempt: number }
const ACKNOWLEDGE = timerKind<RunTimer>('canary-acknowledge')
const OBSERVE = timerKind<RunTimer>('canary-observe')
const LEASE = timerKind<RunTimer>('canary-lease')

type Passed = EventData['hms.simulation.passed.v1']

/** The shell around the pure decisions: opens, observes, judges and ends canaries. Every wait is a timer row. */
@Injectable()
export class RunCanary {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly config: CanaryControllerConfig,
    private readonly heads: CanaryHeads,
    private readonly proofs: ReleaseProofs,
  ) {
    runtime.onTimer(ACKNOWLEDGE, (tx, { data }) =>
      this.withCanary(tx, data.run, (canary) => this.apply(tx, onAcknowledgementsOverdue(canary))),
    )
    runtime.onTimer(OBSERVE, (tx, { data }) => this.withCanary(tx, data.run, (canary) => this.apply(tx, onObserved(canary))))
    runtime.onTimer(LEASE, (tx, { data }) => this.withCanary(tx, data.run, (canary) => this.renew(tx, canary)))
  }

  /** Once per attempt; a run that was ended meanwhile, and an attempt that another took the place of, get no canary. */
  async open(tx: Transaction, { dossier, scenarios }: Passed, cause: ReceivedEvent): Promise<EventAnswer> {
    const { run, attempt } = dossier
    const known = await tx.documents(CANARIES).get(String(run))
    const isOld = known !== undefined && known.attempt >= attempt
    if (isOld || (await isAborted(this.runtime, tx, dossier, { stage: 'canary', key: cause.key }))) return 'ignored-stale'
    const lacking = unattestedHere(this.runtime, dossier, ['lint', 'simulate'])
    if (lacking !== undefined) return this.refuse(tx, dossier, cause, lacking)
    if (await deniedByGuard(this.runtime, tx, 'canary', dossier, cause)) return
    const canary = newCanary(await this.proofs.attach(tx, dossier), scenarios, cause, tx.now)
    if (this.proofs.areComplete(canary.dossier)) return this.publish(tx, canary)
    await tx.documents(CANARIES).put({ ...canary, state: 'proving' })
    await this.emit(tx, canary, 'hms.canary.delayed.v1', {
      run,
      attempt,
      label: canaryLabel(canary),
      detail: 'waiting for the audit log to hold the approval',
    })
  }

  /** What no stage before this one vouches for is shown to nobody. */
  private async refuse(tx: Transaction, { run, attempt, plan }: RunDossier, cause: ReceivedEvent, detail: string): Promise<void> {
    const failure = {
      run,
      attempt,
      reason: 'UNATTESTED',
      detail,
      label: canaryLabel({ requestedShare: plan.share, scopeName: plan.scopeName }),
      next: [`hms-svc audit log --run ${run}`],
    }
    await this.runtime.emit(tx, 'hms.canary.failed.v1', failure, { key: cause.key, run, attempt, causationId: cause.id })
  }

  /** The log holds an approval; it may have come before its run was simulated, or be what a canary waits for. */
  async proven(tx: Transaction, proof: LoggedProof): Promise<void> {
    await this.proofs.remember(tx, proof)
    for (const { run, members } of await tx.documents(CANARIES).find({ where: { state: 'proving' } })) {
      if (!members.some((member) => member.release === proof.digest)) continue
      await this.withCanary(tx, run, async (canary) => {
        const dossier = await this.proofs.attach(tx, canary.dossier)
        if (canary.state === 'proving' && this.proofs.areComplete(dossier))
          await this.publish(tx, { ...canary, state: 'publishing', dossier })
      })
    }
  }

  private async publish(tx: Transaction, canary: Canary): Promise<void> {
    const issued = await this.heads.issue(tx, canary, { fast: false })
    const { run, attempt } = issued
    await tx.documents(CANARIES).put(issued)
    await this.scheduleLease(tx, issued)
    await this.emit(tx, issued, 'hms.canary.started.v1', {
      run,
      attempt,
      label: canaryLabel(issued),
      detail: 'waiting for the cohort to acknowledge',
    })
  }

  async published(tx: Transaction, { run, heads }: PublishedHeads): Promise<void> {
    if (run !== null) await this.withCanary(tx, run, (canary) => this.apply(tx, onPublished(canary, heads, tx.now.toISOString())))
  }

  async covered(tx: Transaction, { ofRun, reports }: ReportedCoverage): Promise<void> {
    if (ofRun !== null) await this.withCanary(tx, ofRun, (canary) => this.apply(tx, onCoverage(canary, reports)))
  }

  /**
   * The stable head moved, and the canary's readers follow it by themselves. It is taken back all the same: a rollback would bring back the
   * release that it stands on, and until its lease ended its cohort would run what had just been taken back.
   */
  async promoted(tx: Transaction, run: number): Promise<void> {
    await this.withCanary(tx, run, async (canary) => {
      if (canary.state === 'passed') await this.close(tx, await this.heads.takeBack(tx, { ...canary, state: 'baking' }))
    })
  }

  /** The bake is over: alerts are no longer held against the run. */
  async completed(tx: Transaction, run: number): Promise<void> {
    await this.withCanary(tx, run, async (canary) => {
      if (canary.state === 'baking') await this.close(tx, { ...canary, state: 'ended' })
    })
  }

  /** Somebody decided otherwise (a rollback, a deadline): what is published goes back at once. */
  async abort(tx: Transaction, run: number, attempt: number): Promise<void> {
    await rememberAbort(tx, { run, attempt })
    await this.withCanary(tx, run, async (canary) => {
      if (canary.state === 'proving' || canary.state === 'baking') return this.close(tx, { ...canary, state: 'ended' })
      if (!isLive(canary) && canary.state !== 'passed') return
      await this.close(tx, await this.heads.takeBack(tx, { ...canary, state: 'ended' }))
    })
  }

  async fail(tx: Transaction, canary: Canary, reason: string, detail: string): Promise<void> {
    const failed = await this.heads.takeBack(tx, { ...canary, state: 'failed' })
    await this.close(tx, failed)
    const { run, attempt } = canary
    const attestation = await attestCanary(canary, [], tx.now, this.runtime.signer)
    await this.emit(tx, failed, 'hms.canary.failed.v1', {
      run,
      attempt,
      reason,
      detail,
      label: canaryLabel(canary),
      next: [`hms-svc audit log --run ${run}`],
      attestation,
    })
  }

  /** The canary had passed. What rollout made live goes back by its word; what is still a canary goes back by this one's. */
  private async alarm(tx: Transaction, canary: Canary, reason: string, detail: string): Promise<void> {
    const over: Canary = { ...canary, state: 'failed' }
    await this.close(tx, canary.state === 'passed' ? await this.heads.takeBack(tx, over) : over)
    const { run, attempt } = canary
    await this.emit(tx, over, 'hms.canary.alarmed.v1', { run, attempt, reason, detail })
  }

  async apply(tx: Transaction, { canary, step }: CanaryDecision): Promise<void> {
    switch (step.do) {
      case 'nothing':
        return tx.documents(CANARIES).put(canary)
      case 'widen':
        return tx.documents(CANARIES).put(await this.heads.issue(tx, canary, { fast: false, members: step.members }))
      case 'await':
        await tx.documents(CANARIES).put(canary)
        return this.scheduleTimer(tx, canary, ACKNOWLEDGE, new Date(tx.now.getTime() + this.config.acknowledgeMs))
      case 'observe':
        return this.observe(tx, canary)
      case 'judge':
        return this.judge(tx, canary)
      case 'pause':
        return this.pause(tx, canary, step.reason, step.detail)
      case 'fail':
        return this.fail(tx, canary, step.reason, step.detail)
      case 'alarm':
        return this.alarm(tx, canary, step.reason, step.detail)
    }
  }

  private async observe(tx: Transaction, canary: Canary): Promise<void> {
    const until = new Date(tx.now.getTime() + canary.observeMs)
    const observing: Canary = {
      ...canary,
      state: 'observing',
      publishedAt: canary.publishedAt ?? tx.now.toISOString(),
      observeUntil: until.toISOString(),
    }
    await tx.documents(CANARIES).put(observing)
    await this.runtime.cancel(tx, timerId(ACKNOWLEDGE, canary))
    await this.scheduleTimer(tx, observing, OBSERVE, until)
    const { run, attempt } = canary
    const detail = `${lackOfEvidence(observing) ?? summaryOf(observing)}; observed until ${until.toISOString()}`
    await this.emit(tx, observing, 'hms.canary.observation-started.v1', { run, attempt, detail, until: until.toISOString() })
  }

  /** The observation is over and the guard held. Without anyone to observe it proves nothing: where evidence is asked for that is no pass. */
  private async judge(tx: Transaction, canary: Canary): Promise<void> {
    const lack = lackOfEvidence(canary)
    if (lack !== undefined && isEvidenceRequired(this.runtime.profile, canary.dossier.plan))
      return this.pause(tx, canary, 'NO_EVIDENCE', lack)
    return this.pass(tx, canary, lack === undefined ? [CANARY_PASSED, CANARY_OBSERVED] : [CANARY_PASSED], lack ?? summaryOf(canary))
  }

  private async pass(tx: Transaction, canary: Canary, properties: string[], summary: string): Promise<void> {
    // The lease goes on until the stable head has taken its place.
    await tx.documents(CANARIES).put({ ...canary, state: 'passed' })
    await this.runtime.cancel(tx, timerId(ACKNOWLEDGE, canary))
    const attested = withAttestation(canary.dossier, 'canary', await attestCanary(canary, properties, tx.now, this.runtime.signer))
    await this.emit(tx, canary, 'hms.canary.passed.v1', { dossier: attested, summary, label: canaryLabel(canary) })
  }

  /** People answered a pause: it starts again from its publication, with a lease of its own if the one before ran out. */
  async resume(tx: Transaction, canary: Canary): Promise<void> {
    const resumed = await this.heads.issue(tx, resumeCanary(canary), { fast: true })
    await tx.documents(CANARIES).put(resumed)
    await this.scheduleLease(tx, resumed)
  }

  /** People answered a pause: it goes on without the evidence that it lacks. */
  promote(tx: Transaction, canary: Canary, summary: string): Promise<void> {
    return this.pass(tx, canary, [CANARY_PASSED, CANARY_PROMOTED], summary)
  }

  /** Keeps the canary alive while it is needed. A controller that was away too long finds that its cohort has fallen back. */
  private async renew(tx: Transaction, canary: Canary): Promise<void> {
    if (!isOpen(canary) && canary.state !== 'passed' && canary.state !== 'paused') return
    if (Date.parse(canary.leaseUntil) <= tx.now.getTime() && isOpen(canary)) {
      return this.pause(
        tx,
        canary,
        'LEASE_LAPSED',
        `the lease ended at ${canary.leaseUntil} before it was renewed; the cohort has fallen back`,
      )
    }
    const renewed = await this.heads.issue(tx, canary, { fast: true })
    await tx.documents(CANARIES).put(renewed)
    await this.scheduleLease(tx, renewed)
  }

  private async pause(tx: Transaction, canary: Canary, reason: string, detail: string): Promise<void> {
    await tx.documents(CANARIES).put({ ...canary, state: 'paused' })
    for (const kind of [ACKNOWLEDGE, OBSERVE]) await this.runtime.cancel(tx, timerId(kind, canary))
    const { run, attempt } = canary
    const next = [`hms-svc runs resume ${run} --reason TEXT --sign NAME`]
    await this.emit(tx, canary, 'hms.canary.paused.v1', { run, attempt, reason, detail, label: canaryLabel(canary), next })
  }

  private async close(tx: Transaction, canary: Canary): Promise<void> {
    await tx.documents(CANARIES).put(canary)
    for (const kind of [ACKNOWLEDGE, OBSERVE, LEASE]) await this.runtime.cancel(tx, timerId(kind, canary))
  }

  /** A bundle is one aggregate: whoever comes has locked one of its policies, the decision needs all. */
  private async withCanary(tx: Transaction, run: number, work: (canary: Canary) => Promise<void>): Promise<void> {
    const canary = await lockedDocument(tx, CANARIES, String(run), canaryKeys)
    if (canary !== undefined) await inTrace(canary.traceparent, () => work(canary))
  }

  private scheduleLease(tx: Transaction, canary: Canary): Promise<void> {
    return this.scheduleTimer(tx, canary, LEASE, new Date(tx.now.getTime() + this.config.leaseMs / 3))
  }

  private scheduleTimer(tx: Transaction, canary: Canary, kind: TimerKind<RunTimer>, dueAt: Date): Promise<void> {
    return this.runtime.schedule(tx, {
      id: timerId(kind, canary),
      kind,
      keys: canaryKeys(canary),
      data: { run: canary.run, attempt: canary.attempt },
      dueAt,
    })
  }

  private async emit<T extends keyof EventData>(tx: Transaction, canary: Canary, type: T, data: EventData[T]): Promise<void> {
    await this.runtime.emit(tx, type, data, { key: canary.key, run: canary.run, attempt: canary.attempt, causationId: canary.causationId })
  }
}

export function canaryKeys(canary: Canary): string[] {
  return canary.members.map((member) => policyKey(member.policy))
}

function timerId(kind: string, canary: Canary): string {
  return `${kind}:${canary.run}:${canary.attempt}`
}
