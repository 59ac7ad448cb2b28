import type { ServiceName } from '#libs/contracts'

/** Where stages say what all of them can say; approver, config-store and audit are no stages. */
export const STAGE_TOPICS: Partial<Record<ServiceName, string>> = {
  linter: 'hms.lint.v1',
  simulator: 'hms.simulation.v1',
  'canary-controller': 'hms.canary.v1',
  rollout: 'hms.rollout.v1',
  notifier: 'hms.notification.v1',
}
