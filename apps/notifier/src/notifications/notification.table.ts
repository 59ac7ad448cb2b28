import { documentTable, timerKind } from '#libs/persistence'

/** The notify stage of one attempt of a run: it ends when every first try has ended, or at its deadline. */
export interface Notification {
  /** `RUN.ATTEMPT`. */
  id: string
  run: number
  attempt: number
  /** Key of the run's events. */
  key: string
  /** Ids of those who are told. */
  partners: string[]
  /** Names of the plan that mean nobody. */
  unknown: string[]
  state: 'open' | 'completed'
  startedAt: string
  completedAt: string | null
  summary: string | null
  causationId: string
  traceparent: string | null
}

export function stageId(run: number, attempt: number): string {
  return `${run}.${attempt}`
}

/** Lock key. Taken after all policy locks of a transaction, so that stages over several policies need only one. */
export function notificationKey(id: string): string {
  return `stage:${id}`
}

export const NOTIFY_DEADLINE = timerKind<{ stage: string; run: number; attempt: number; key: string }>('notify-deadline')

export function deadlineTimerId({ run, attempt }: Notification): string {
  return `${NOTIFY_DEADLINE}:${run}:${attempt}`
}

export const NOTIFICATIONS = documentTable<Notification>({
  name: 'notification',
  id: (notification) => notification.id,
  keys: { state: { type: 'text', of: (notification) => notification.state } },
  keep: { for: 'runs', ended: { state: ['completed'] } },
})
