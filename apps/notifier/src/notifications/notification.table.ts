import { documentTable } from '#libs/persistence'
import type { Notification } from '#libs/pipeline'

/** How deliveries name the stage that waits for their first try. */
export function stageId({ run, attempt }: Pick<Notification, 'run' | 'attempt'>): string {
  return `${run}.${attempt}`
}

/** Taken after all policy locks of a transaction, so that stages over several policies need only one. */
export function notificationKey(run: number): string {
  return `stage:${run}`
}

/** The newest attempt of a run at this stage. */
export const NOTIFICATIONS = documentTable<Notification>({
  name: 'notification',
  id: (notification) => String(notification.run),
  keys: { state: { type: 'text', of: (notification) => notification.state } },
  keep: { for: 'runs', ended: { state: ['completed', 'dropped'] } },
})
