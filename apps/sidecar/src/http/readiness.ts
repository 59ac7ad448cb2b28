import type { HeldValues } from '../held-values.js'
import type { Answer } from './answer.js'

/**
 * Readiness: `up` if the copy is complete and fresh, `degraded` if it may be old; not ready without a verified value. A pod is taken out of
 * service when one of its containers is not ready, so an unavailable upstream must not make all side-cars unready at once.
 */
export function readiness(values: Pick<HeldValues, 'state' | 'revision' | 'ids'>): Answer {
  const { state, revision } = values
  const policies = values.ids().length
  const status = state === 'READY' ? 'up' : policies > 0 ? 'degraded' : 'down'
  const body = JSON.stringify({ status, state, revision, policies })
  return status === 'down' ? { status: 503, body, headers: { 'retry-after': '2' } } : { body }
}
