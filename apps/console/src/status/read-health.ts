import { READY_STATES, readyState, SERVICES, type ReadyState, type ServiceName, type ServiceReadiness } from '#libs/contracts'
import type { PageRequest } from '../layout/page.js'

export interface ServiceHealth {
  service: ServiceName
  state: ReadyState
  instances: { up: number; all: number }
  /** Sentences for operators. */
  concerns: string[]
}

/** Each service reports on itself; its state is that of its best instance. */
export function readHealth(health: PageRequest['health']): Promise<ServiceHealth[]> {
  return Promise.all(
    SERVICES.map(async (service) => {
      const found = (await health(service)).map(({ body }) => stateOf(service, body))
      const states = found.map(({ state }) => state)
      return {
        service,
        state: READY_STATES.find((state) => states.includes(state)) ?? 'down',
        instances: { up: states.filter((state) => state !== 'down').length, all: states.length },
        concerns: [...new Set(found.flatMap(({ concerns }) => concerns))],
      }
    }),
  )
}

function stateOf(service: ServiceName, body: unknown): Pick<ServiceHealth, 'state' | 'concerns'> {
  const { services } = (body ?? {}) as { services?: unknown }
  const mine = Array.isArray(services) ? (services as ServiceReadiness[]).find((each) => each.service === service) : undefined
  if (mine === undefined) return { state: 'down', concerns: ['does not answer'] }
  const concerns = [
    ...(mine.database === 'up' ? [] : ['cannot reach its database']),
    ...(mine.migrations === 'current' ? [] : ['its database schema is not current']),
    ...(mine.broker === 'up' ? [] : ['cannot reach the broker: it resumes automatically when that is back']),
    ...(mine.concerns ?? []),
  ]
  return { state: readyState(mine), concerns }
}
