/** The eight services of the choreography, in pipeline order. Each has a folder under `apps/`. */
export const SERVICES = ['approver', 'linter', 'simulator', 'canary-controller', 'rollout', 'notifier', 'config-store', 'audit'] as const
export type ServiceName = (typeof SERVICES)[number]

/** Ports in distributed mode; embedded mode serves all of them at `EDGE_PORT`. */
export const SERVICE_PORTS: Record<ServiceName, number> = {
  approver: 7101,
  linter: 7102,
  simulator: 7103,
  'canary-controller': 7104,
  rollout: 7105,
  notifier: 7106,
  'config-store': 7107,
  audit: 7108,
}
export const EDGE_PORT = 7184
/** Port of `serve witness`, which is not one of the services. */
export const WITNESS_PORT = 7109
/** Port of `sidecar`, which runs on the machine of a reader. */
export const SIDECAR_PORT = 7185

/** First path segments of each service; the edge routes by the longest match. */
export const SERVICE_PATHS: Record<ServiceName, readonly string[]> = {
  approver: paths(
    'approver',
    '/v1/approvals',
    '/v1/break-glass',
    '/v1/runs',
    '/v1/tickets',
    '/v1/freezes',
    '/v1/roster',
    '/v1/tokens',
    '/v1/calendar.ics',
  ),
  linter: paths('linter', '/v1/lint', '/v1/schemas'),
  simulator: paths('simulator', '/v1/bots', '/v1/scenarios', '/v1/corpora', '/v1/simulations'),
  'canary-controller': paths('canary-controller', '/v1/canaries'),
  rollout: paths('rollout', '/v1/rollbacks', '/v1/withdrawals'),
  notifier: paths('notifier', '/v1/partners', '/v1/deliveries', '/v1/receipts', '/v1/unsubscribes', '/v1/webhook-keys'),
  'config-store': paths(
    'config-store',
    '/ofrep',
    '/v1/policies',
    '/v1/stream',
    '/v1/events',
    '/v1/snapshot',
    '/v1/coverage',
    '/v1/alerts',
    '/v1/heads',
    '/v1/freshness',
    '/v1/history',
  ),
  audit: paths('audit', '/v1/audit', '/v1/export', '/checkpoint', '/tile', '/v1/topics'),
}

function paths(service: ServiceName, ...own: string[]): string[] {
  return [...own, `/v1/dead-letters/${service}`, `/v1/groups/${service}`]
}

export function isServiceName(name: string): name is ServiceName {
  return (SERVICES as readonly string[]).includes(name)
}
