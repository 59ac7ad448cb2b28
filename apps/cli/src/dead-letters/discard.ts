import type { DiscardRequest } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { endLetters } from './end-letters.js'

export interface DiscardOptions {
  reason: string
}

export function discardDeadLetters(context: CliContext, ids: readonly string[], { reason }: DiscardOptions): Promise<number> {
  const request: DiscardRequest = { reason }
  return endLetters(
    context,
    ids,
    (client, { service, id }) => client.post('/v1/dead-letters/{service}/{id}/discard', request, { params: { service, id } }),
    ({ service, id }) => `Dead letter ${service}/${id} discarded; it is kept with its reason`,
  )
}
