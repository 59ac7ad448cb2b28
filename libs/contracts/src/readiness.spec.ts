import { describe, expect, it } from 'vitest'
import { readyState, type ServiceReadiness } from './readiness.js'

describe('a service', () => {
  const healthy: ServiceReadiness = { service: 'linter', database: 'up', migrations: 'current', broker: 'up' }

  it.each<[string, Partial<ServiceReadiness>, string]>([
    ['is up without concerns', {}, 'up'],
    ['is degraded without its broker', { broker: 'degraded' }, 'degraded'],
    ['is degraded with a concern', { concerns: ['the log halted'] }, 'degraded'],
    ['is down without its database', { database: 'down' }, 'down'],
    ['is down without its schema, whatever else it reports', { migrations: 'missing', broker: 'degraded', concerns: ['late'] }, 'down'],
  ])('%s', (_name, reported, state) => expect(readyState({ ...healthy, ...reported })).toBe(state))
})
