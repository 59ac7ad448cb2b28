import type { ServiceName } from '#libs/contracts'

/** People's decisions and rollbacks must not wait behind a slow handler: they have a consumer of their own. */
const CONTROL_TOPIC = 'hms.run.control.v1'

/** The group in which a service reads a topic. */
export function groupOf(service: ServiceName, topic: string): string {
  return topic === CONTROL_TOPIC ? `${service}.control` : service
}
