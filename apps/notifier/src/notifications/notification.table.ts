import { columns, documentTable } from '#libs/persistence'
import type { Notification } from '#libs/pipeline'

/** Returns the id of a notify stage: `stage` of the deliveries whose first attempt the stage waits for. */
export function stageId({ run, attempt }: Pick<Notification, 'run' | 'attempt'>): string {
  return `${run}.${attempt}`
}

/** Lock key of a run's notification: one key, also for several policies. A transaction takes this lock after all its policy locks. */
export function notificationKey(run: number): string {
  return `stage:${run}`
}

/** Newest attempt of a run at this stage. */
export const NOTIFICATIONS = documentTable<Notification>({
  name: 'notification',
  id: (notification) => String(notification.run),
  keys: columns({ state: 'text' }),
  keep: { for: 'runs', ended: { state: ['completed', 'dropped'] } },
})
