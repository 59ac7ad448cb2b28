import { openRelease, type CarriedRelease, type ReceivedEvent, type RunDossier } from '#libs/contracts'
import type { HandlerResult } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import {
  decideNotification,
  type LeftOut,
  type Notification,
  type NotificationEffect,
  type NotificationInput,
  type NotificationTimer,
} from '#libs/pipeline'
import { ServiceRuntime } from '#libs/service'
import { originOf, StageShell } from '#libs/stage'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DeliveryLanes, type DeliveryListener } from '../delivery/delivery-lanes.js'
import { DELIVERIES } from '../delivery/delivery.table.js'
import { ANNOUNCED, type News, noticeOf, type PolicyNews, releaseFacts } from '../delivery/news.js'
import { NotifierConfig } from '../notifier.config.js'
import { asksFor, resolvePartners } from '../partners/partner.js'
import { allPartners } from '../partners/partner.table.js'
import { NOTIFICATIONS, notificationKey, stageId } from './notification.table.js'
import { takenBackOf } from './reversal.table.js'
import { summarize } from './summary.js'

const MAX_DELIVERIES = 10_000
const MAX_LEFT_OUT_NAMED = 3

/** Notify stage: sends a message per partner and channel once a run is live, or once all readers hold it until its effective time. */
@Injectable()
export class NotifyPartners implements OnModuleInit, DeliveryListener {
  readonly shell: StageShell<Notification, NotificationInput, NotificationEffect, NotificationTimer>

  constructor(
    runtime: ServiceRuntime,
    { deadlineMs }: NotifierConfig,
    private readonly lanes: DeliveryLanes,
  ) {
    this.shell = new StageShell(runtime, {
      name: 'notify',
      table: NOTIFICATIONS,
      skipsEndedRuns: false,
      attestedBy: [],
      timers: ['deadline', 'recount'],
      decide: (stage, input, now) => decideNotification(stage, input, { now, deadlineMs }),
      keysOf: ({ run }) => [notificationKey(run)],
      perform: (tx, stage, { dossier, partners }) => this.deliver(tx, stage, dossier, partners),
    })
  }

  onModuleInit(): void {
    this.shell.onDue('deadline', (tx, run) => this.count(tx, stageId(run), { isOverdue: true }))
    this.shell.onDue('recount', (tx, run) => this.count(tx, stageId(run), { isRecount: true }))
    this.lanes.addListener(this)
  }

  /** Notifies partners of a run that takes effect later, with its date. */
  announce(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<HandlerResult> {
    const arrival = { fresh: freshOf(dossier, cause), dossier, cause, skipsEndedRuns: true } // guard: partners-of-an-ended-run
    return this.shell.open(tx, arrival, async () => ({ type: 'announced', dossier, ...(await addresseesOf(tx, dossier, cause)) }))
  }

  async open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent, storedAt?: string): Promise<HandlerResult> {
    const answer = (await this.openAnnounced(tx, dossier))
      ? undefined
      : await this.shell.open(tx, { fresh: { ...freshOf(dossier, cause), ...(storedAt && { storedAt }) }, dossier, cause }, async () => {
          return { type: 'opened', dossier, ...(await addresseesOf(tx, dossier, cause)) }
        })
    // The stage may be complete already: there may be no partner, or none whose first attempt the run waits for.
    await this.count(tx, stageId(dossier))
    return answer
  }

  /** Opens the stage of an announced run; resolves to whether its partners were already notified. */
  private async openAnnounced(tx: Transaction, dossier: RunDossier): Promise<boolean> {
    let isAnnounced = false
    await this.shell.locked(tx, dossier.run, async (stage) => {
      isAnnounced = stage.state === 'announced' && stage.attempt === dossier.attempt
      if (isAnnounced) await this.shell.decide(tx, stage, { type: 'opened', dossier, partners: stage.partners, unknown: stage.unknown })
    })
    return isAnnounced
  }

  private async deliver(tx: Transaction, stage: Notification, dossier: RunDossier, partners: readonly string[]): Promise<void> {
    const { run, attempt } = stage
    const registered = new Map((await allPartners(tx)).map((partner) => [partner.id, partner]))
    const at = new Date(stage.rolledOutAt)
    const takenBack = await takenBackOf(tx, dossier, at)
    const inForce = dossier.releases.filter(({ releaseDigest }) => !takenBack.has(releaseDigest)) // guard: taken-back-left-out
    if (inForce.length === 0) return
    const names = { cause: `run-${run}-${attempt}`, messageCause: `run_${run}`, run, stage: stageId(stage) }
    const notice = noticeOf({ ...names, at, storedAt: stage.storedAt, policies: newsOf(dossier, inForce) })
    await this.lanes.add(
      tx,
      notice,
      partners.flatMap((id) => registered.get(id) ?? []),
    )
  }

  /**
   * Announces a run whose canary has passed, to partners registered for announcements. No stage counts these messages: a partner counts as
   * notified when it has the message that the release is in force.
   */
  async foretell(tx: Transaction, dossier: RunDossier, { time }: ReceivedEvent): Promise<void> {
    const { run, attempt, releases, plan } = dossier
    const asking = resolvePartners(plan.partners, await allPartners(tx)).partners.filter((partner) => asksFor(partner, 'announced'))
    if (asking.length === 0) return
    const names = { cause: `${ANNOUNCED}${run}-${attempt}`, messageCause: `announced_${run}_${attempt}`, kind: 'announced' as const }
    const notice = noticeOf({ ...names, run, stage: null, at: new Date(time), policies: newsOf(dossier, releases) })
    await this.lanes.add(tx, notice, asking)
  }

  /** Records a reached partner and recounts an open stage; a completed one is recounted at intervals, not per delivery. */
  async tried(tx: Transaction, stage: string | null, isReached: boolean): Promise<void> {
    if (stage === null) return
    if (isReached) await this.locked(tx, stage, (notification) => this.shell.decide(tx, notification, { type: 'partnerReached' }))
    await this.count(tx, stage)
  }

  private async locked(tx: Transaction, stage: string, use: (notification: Notification) => Promise<unknown>): Promise<void> {
    await this.shell.locked(tx, Number(stage.split('.')[0]), async (notification) => {
      if (stageId(notification) === stage) await use(notification)
    })
  }

  private count(tx: Transaction, stage: string, { isOverdue = false, isRecount = false } = {}): Promise<void> {
    return this.locked(tx, stage, async (notification) => {
      const { state } = notification
      if (isRecount ? state !== 'completed' && state !== 'announced' : state !== 'open') return
      // Up to 10,000 deliveries are read only if the decider needs them.
      const waiting = await tx.documents(DELIVERIES).count({ stage, first_try: 'open' })
      if (waiting > 0 && !isOverdue && !isRecount) return
      const deliveries = await tx.documents(DELIVERIES).find({ where: { stage }, limit: MAX_DELIVERIES })
      await this.shell.decide(tx, notification, { type: 'counted', waiting, isOverdue, result: summarize(notification, deliveries) })
    })
  }
}

function newsOf(dossier: RunDossier, releases: readonly CarriedRelease[]): News['policies'] {
  const policies = releases.map((release): PolicyNews => {
    const opened = openRelease(release, dossier.proofs)
    const live = dossier.live[release.id] ?? null
    const replaced = live === null ? null : openRelease(live, dossier.proofs)
    return { ...releaseFacts(opened), release: opened, replaced, before: live?.version ?? null }
  })
  return policies as [PolicyNews, ...PolicyNews[]]
}

function freshOf(dossier: RunDossier, cause: ReceivedEvent): Notification {
  const { run, attempt } = dossier
  const rolledOutAt = new Date(cause.time).toISOString()
  return { run, attempt, ...originOf(cause), state: 'new', partners: [], unknown: [], rolledOutAt, completedAt: null, summary: null }
}

/** Resolves the partners to notify; empty if all policies of the run were rolled back before its event was read. */
async function addresseesOf(
  tx: Transaction,
  dossier: RunDossier,
  { time }: ReceivedEvent,
): Promise<{ partners: string[]; unknown: string[]; leftOut?: LeftOut }> {
  const takenBack = await takenBackOf(tx, dossier, new Date(time))
  if (dossier.releases.every(({ releaseDigest }) => takenBack.has(releaseDigest))) return { partners: [], unknown: [] }
  const { partners, unknown, leftOut } = resolvePartners(dossier.plan.partners, await allPartners(tx))
  const left = leftOut.length === 0 ? {} : { leftOut: { count: leftOut.length, names: leftOut.slice(0, MAX_LEFT_OUT_NAMED) } }
  return { partners: partners.map(({ id }) => id), unknown, ...left }
}
