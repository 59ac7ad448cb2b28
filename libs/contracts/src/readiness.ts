import type { ServiceName } from './services.js'

/** Readiness of a service, best first. `degraded`: reads, approvals and rollback work. `down`: without its database or its schema. */
export const READY_STATES = ['up', 'degraded', 'down'] as const
export type ReadyState = (typeof READY_STATES)[number]

/** Report of one service, as in `/readyz` of its process. */
export interface ServiceReadiness {
  service: ServiceName
  database: 'up' | 'down'
  migrations: 'current' | 'missing'
  broker: 'up' | 'degraded'
  /** Sentences for operators; absent if there are none. */
  concerns?: string[]
  /** Lead of the process's clock over the database's, in ms; absent if the database did not respond. */
  clockOffMs?: number
}

/** Entry of a service in `details` of an edge's `/readyz`: the report of its best instance, without one if no instance responded. */
export interface ServiceState extends Partial<ServiceReadiness> {
  service: ServiceName
  state: ReadyState
}

export function readyState({ database, migrations, broker, concerns }: Omit<ServiceReadiness, 'service'>): ReadyState {
  if (database !== 'up' || migrations !== 'current') return 'down'
  return broker === 'up' && concerns === undefined ? 'up' : 'degraded'
}
