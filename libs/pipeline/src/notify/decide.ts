import type { RunDossier } from '#libs/contracts'
import { unchanged, type CommonEffect, type CommonInput, type Decision, type StageState } from '../stage/decision.js'

/** The notify stage of one attempt of a run: it ends when every first try has ended, or at its deadline. */
export interface Notification extends StageState {
  /** `announced`: partners are told of what takes effect later, and the run waits for its time. `dropped`: it never came. */
  state: 'new' | 'announced' | 'open' | 'completed' | 'dropped'
  /** Ids of the partners who are told. */
  partners: string[]
  /** Names in the plan that match no partner. */
  unknown: string[]
  /** Ids that "all partners" left out, the first of them, since they are on call. Rows of earlier builds have none. */
  leftOut?: LeftOut
  /** When the rollout that partners are told of was completed, or all readers held what takes effect later. */
  rolledOutAt: string
  completedAt: string | null
  summary: string | null
  /** What approver was told last. Rows of earlier builds have neither. */
  sent?: number
  acknowledged?: number
  recounts?: boolean
}

/** `recount`: partners were told or acknowledged since the stage ended; many at once are counted together. */
export type NotificationTimer = 'deadline' | 'recount'

const RECOUNT_MS = 2_000

export interface LeftOut {
  count: number
  /** Bounded: the summary of a run names no more. */
  names: string[]
}

/** What the deliveries of a stage came to, counted in partners. */
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
  /** All readers hold what takes effect later: partners are told ahead, with the date. */
  | { type: 'announced'; dossier: RunDossier; partners: string[]; unknown: string[]; leftOut?: LeftOut }
  /** `waiting`: deliveries whose first try has not ended. `isOverdue`: the deadline has passed, so they no longer count. */
  | { type: 'counted'; waiting: number; isOverdue: boolean; result: NotificationSummary }
  /** A partner was told, or acknowledged. */
  | { type: 'heard' }

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
 * Everything that a notification may do: queue the deliveries, once, and end once. People and deadlines come too late for it: the release
 * is live for all, and only a rollback takes it back. Before its time they do not: who was told ahead is told of the reversal by rollout.
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
    case 'heard':
      if ((stage.state !== 'completed' && stage.state !== 'announced') || stage.recounts === true) return unchanged(stage)
      return { state: { ...stage, recounts: true }, effects: [{ do: 'schedule', timer: 'recount', inMs: RECOUNT_MS }] }
    case 'ended':
      return stage.state === 'announced' && stage.attempt <= input.attempt
        ? { state: { ...stage, state: 'dropped' }, effects: [] }
        : unchanged(stage)
    case 'refused':
    case 'due':
    case 'asked':
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
  // Who was told ahead is not told again.
  if (!isAnnounced) effects.push({ do: 'deliver', dossier, partners })
  // A recount that is due now finds the stage open, and is not due again.
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
  const ahead = stage.acknowledged ?? 0
  const completed: Notification = { ...stage, state: 'completed', completedAt: now.toISOString(), summary, sent, acknowledged: ahead }
  if (acknowledged <= ahead) return { state: completed, effects }
  const further = progress(completed, { ...result, acknowledged })
  return { state: further.state, effects: [...effects, ...further.effects] }
}

/**
 * The counts of the run's clock: after its end, and while partners are notified ahead of its time. They never fall: a partner that was
 * notified stays so.
 */
function progress(stage: Notification, result: NotificationSummary, ahead: { partners?: number } = {}): NotificationDecision {
  const [sent, acknowledged] = [Math.max(result.sent, stage.sent ?? 0), Math.max(result.acknowledged, stage.acknowledged ?? 0)]
  const state = { ...stage, sent, acknowledged, recounts: false }
  if (sent === (stage.sent ?? 0) && acknowledged === (stage.acknowledged ?? 0)) return { state, effects: [] }
  const { run, attempt } = stage
  const data = { run, attempt, sent, acknowledged, ...ahead }
  return { state, effects: [{ do: 'emit', type: 'hms.notification.progressed.v1', data }] }
}
