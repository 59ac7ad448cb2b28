import type { HeldValues } from '../held-values.js'
import type { Answer } from './answer.js'

/**
 * Ready while there is a verified value to give: `up` when the copy is all that is signed, `degraded` when it may be old. A pod is taken
 * out of service when one of its containers is not ready, so an upstream that is away must not make all side-cars unready at once.
 */
export function readiness(values: Pick<HeldValues, 'state' | 'revision' | 'ids'>): Answer {
  const { state, revision } = values
  const policies = values.ids().length
  const status = state === 'READY' ? 'up' : policies > 0 ? 'degraded' : 'down'
  const body = JSON.stringify({ status, state, revision, policies })
  return status === 'down' ? { status: 503, body, headers: { 'retry-after': '2' } } : { body }
}
