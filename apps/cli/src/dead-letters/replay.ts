import type { CliContext } from '../context.js'
import { endLetters } from './end-letters.js'

export function replayDeadLetters(context: CliContext, ids: readonly string[]): Promise<number> {
  return endLetters(
    context,
    ids,
    (client, { service, id }) => client.post('/v1/dead-letters/{service}/{id}/replay', {}, { params: { service, id } }),
    ({ service, id, closed }) =>
      `Dead letter ${service}/${id} replayed: ${closed?.reason === 'ignored-stale' ? 'its run had moved on, nothing changed' : 'handled'}`,
  )
}
