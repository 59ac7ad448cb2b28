import type { RunDossier } from '#libs/contracts'
import { unchanged, type CommonEffect, type CommonInput, type Decision, type StageState } from '../stage/decision.js'

/** Notify stage of one attempt of a run. It ends when the first attempt of every delivery has ended, or at the deadline. */
export interface Notification extends StageState {
  /** `announced`: partners are notified of a release, and the run waits for its effective time. `dropped`: the run ended before. */
  state: 'new' | 'announced' | 'open' | 'completed' | 'dropped'
  /** Ids of the notified partners. */
  partners: string[]
  /** Names in the plan that match no partner. */
  unknown: string[]
  /** Partners that "all partners" excludes because they are on call. Missing in rows of earlier builds. */
  leftOut?: LeftOut
  /** When the rollout was completed, or when readers had received a release that takes effect later. */
  rolledOutAt: string
  /** When config-store stored the heads; absent while the release is held. */
  storedAt?: string
  completedAt: string | null
  summary: string | null
  /** Numbers of partners last published to approver. Missing in rows of earlier builds. */
  sent?: number
  acknowledged?: number
  recounts?: boolean
}

/** Timers of the notify stage. `recount`: publishes later notifications and acknowledgements; those within `RECOUNT_MS` together. */
export type NotificationTimer = 'deadline' | 'recount'

const RECOUNT_MS = 2_000

export interface LeftOut {
  count: number
  /** First excluded partners; bounded, because the summary of a run names only a few. */
  names: string[]
}

/** Outcome of a stage's deliveries, counted in partners. */
export interface NotificationSummary {
  /** `6 sent`, `5 sent, 1 retrying until …`, `0 sent (no partners)`, `2 sent (unknown: x)`, `5 sent; not notified: x (on call)`. */
  summary: string
  sent: number
  retrying: number
  acknowledged: number
}

export type NotificationInput =
  | CommonInput<NotificationTimer>
  | { type: 'opened'; dossier: RunDossier; partners: string[]; unknown: string[]; leftOut?: LeftOut }
  /** Readers have received a release that takes effect later: partners are notified beforehand, with the date. */
  | { type: 'announced'; dossier: RunDossier; partners: string[]; unknown: string[]; leftOut?: LeftOut }
  /** `waiting`: deliveries whose first attempt has not ended. `isOverdue`: past the deadline, so the stage ends without them. */
  | { type: 'counted'; waiting: number; isOverdue: boolean; result: NotificationSummary }
  /** A partner accepted or acknowledged a message. */
  | { type: 'partnerReached' }

export type NotificationEffect =
  | CommonEffect<'hms.notification.started.v1' | 'hms.notification.completed.v1' | 'hms.notification.progressed.v1', NotificationTimer>
  /** Queues one delivery for each policy, partner and channel. */
  | { do: 'deliver'; dossier: RunDossier; partners: readonly string[] }

export interface NotificationContext {
  now: Date
  deadlineMs: number
}

type NotificationDecision = Decision<Notification, NotificationEffect>

/**
 * Decides the notify stage: queue the deliveries once, and end once. People cannot abort it, because the release is live for all and only a
 * rollback reverts it. An announced stage can be dropped; its partners are then notified of the reversal that rollout publishes.
 */
export function decideNotification(stage: Notification, input: NotificationInput, context: NotificationContext): NotificationDecision {
  switch (input.type) {
    case 'opened':
      return open(stage, input, context)
    case 'announced':
      return stage.state === 'new' ? announce(stage, input) : unchanged(stage)
    case 'counted':
      if (stage.state === 'completed') return progress(stage, input.result)
      if (stage.state === 'announced') return progress(stage, input.result, { partners: stage.partners.length })
      return stage.state === 'open' && (input.waiting === 0 || input.isOverdue) ? complete(stage, input.result, context) : unchanged(stage)
    case 'partnerReached':
      if ((stage.state !== 'completed' && stage.state !== 'announced') || stage.recounts === true) return unchanged(stage)
      return { state: { ...stage, recounts: true }, effects: [{ do: 'schedule', timer: 'recount', inMs: RECOUNT_MS }] }
    case 'ended':
      return stage.state === 'announced' && stage.attempt <= input.attempt
        ? { state: { ...stage, state: 'dropped' }, effects: [] }
        : unchanged(stage)
    case 'refused':
    case 'due':
    case 'decisionReceived':
      return unchanged(stage)
  }
}

function open(
  stage: Notification,
  { dossier, ...addressees }: Extract<NotificationInput, { type: 'opened' }>,
  { deadlineMs }: NotificationContext,
): NotificationDecision {
  const isAnnounced = stage.state === 'announced'
  if (stage.state !== 'new' && !isAnnounced) return unchanged(stage)
  const { run, attempt } = stage
  const { partners, unknown, leftOut } = isAnnounced ? stage : addressees
  const effects: NotificationEffect[] = [
    { do: 'schedule', timer: 'deadline', inMs: deadlineMs },
    { do: 'emit', type: 'hms.notification.started.v1', data: { run, attempt, partners } },
  ]
  // Partners notified before the effective time are not notified again.
  if (!isAnnounced) effects.push({ do: 'deliver', dossier, partners })
  // A pending recount timer has no effect in the open stage.
  return { state: { ...stage, state: 'open', partners, unknown, ...(leftOut === undefined ? {} : { leftOut }), recounts: false }, effects }
}

function announce(
  stage: Notification,
  { dossier, partners, unknown, leftOut }: Extract<NotificationInput, { type: 'announced' }>,
): NotificationDecision {
  const { run, attempt } = stage
  const data = { run, attempt, sent: 0, acknowledged: 0, partners: partners.length }
  const effects: NotificationEffect[] = [
    { do: 'emit', type: 'hms.notification.progressed.v1', data },
    { do: 'deliver', dossier, partners },
  ]
  return { state: { ...stage, state: 'announced', partners, unknown, ...(leftOut === undefined ? {} : { leftOut }) }, effects }
}

function complete(
  stage: Notification,
  { acknowledged, ...result }: NotificationSummary,
  { now }: NotificationContext,
): NotificationDecision {
  const { run, attempt } = stage
  const { sent, summary } = result
  const effects: NotificationEffect[] = [
    { do: 'cancel', timers: ['deadline'] },
    { do: 'emit', type: 'hms.notification.completed.v1', data: { run, attempt, ...result } },
  ]
  const before = stage.acknowledged ?? 0
  const completed: Notification = { ...stage, state: 'completed', completedAt: now.toISOString(), summary, sent, acknowledged: before }
  if (acknowledged <= before) return { state: completed, effects }
  const progressed = progress(completed, { ...result, acknowledged })
  return { state: progressed.state, effects: [...effects, ...progressed.effects] }
}

/** Publishes the numbers of notified partners, if they grew: after the stage ended, and while it is `announced`. */
function progress(stage: Notification, result: NotificationSummary, totals: { partners?: number } = {}): NotificationDecision {
  const [sent, acknowledged] = [Math.max(result.sent, stage.sent ?? 0), Math.max(result.acknowledged, stage.acknowledged ?? 0)]
  const state = { ...stage, sent, acknowledged, recounts: false }
  if (sent === (stage.sent ?? 0) && acknowledged === (stage.acknowledged ?? 0)) return { state, effects: [] }
  const { run, attempt } = stage
  const data = { run, attempt, sent, acknowledged, ...totals }
  return { state, effects: [{ do: 'emit', type: 'hms.notification.progressed.v1', data }] }
}
