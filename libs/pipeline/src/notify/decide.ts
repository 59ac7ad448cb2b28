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
  /** When the rollout that partners are told of was completed, or all readers held what takes effect later. */
  rolledOutAt: string
  completedAt: string | null
  summary: string | null
}

export type NotificationTimer = 'deadline'

/** What the deliveries of a stage came to, counted in partners. */
export interface NotificationSummary {
  /** `6 sent`, `5 sent, 1 retrying until …`, `0 sent (no partners)`, `2 sent (unknown: x)`. */
  summary: string
  sent: number
  retrying: number
}

export type NotificationInput =
  | CommonInput<NotificationTimer>
  | { type: 'opened'; dossier: RunDossier; partners: string[]; unknown: string[] }
  /** All readers hold what takes effect later: partners are told ahead, with the date. */
  | { type: 'announced'; dossier: RunDossier; partners: string[]; unknown: string[] }
  /** `waiting`: deliveries whose first try has not ended. `isOverdue`: the deadline has passed, so they no longer count. */
  | { type: 'counted'; waiting: number; isOverdue: boolean; result: NotificationSummary }

export type NotificationEffect =
  | CommonEffect<'hms.notification.started.v1' | 'hms.notification.completed.v1', NotificationTimer>
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
      return stage.state === 'open' && (input.waiting === 0 || input.isOverdue) ? complete(stage, input.result, context) : unchanged(stage)
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
  const { partners, unknown } = isAnnounced ? stage : addressees
  const effects: NotificationEffect[] = [
    { do: 'schedule', timer: 'deadline', inMs: deadlineMs },
    { do: 'emit', type: 'hms.notification.started.v1', data: { run, attempt, partners } },
  ]
  // Who was told ahead is not told again.
  if (!isAnnounced) effects.push({ do: 'deliver', dossier, partners })
  return { state: { ...stage, state: 'open', partners, unknown }, effects }
}

function announce(
  stage: Notification,
  { dossier, partners, unknown }: Extract<NotificationInput, { type: 'announced' }>,
): NotificationDecision {
  return { state: { ...stage, state: 'announced', partners, unknown }, effects: [{ do: 'deliver', dossier, partners }] }
}

function complete(stage: Notification, result: NotificationSummary, { now }: NotificationContext): NotificationDecision {
  const { run, attempt } = stage
  const effects: NotificationEffect[] = [
    { do: 'cancel', timers: ['deadline'] },
    { do: 'emit', type: 'hms.notification.completed.v1', data: { run, attempt, ...result } },
  ]
  return { state: { ...stage, state: 'completed', completedAt: now.toISOString(), summary: result.summary }, effects }
}
