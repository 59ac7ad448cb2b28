import { EXIT, type ResubscribeRequest } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName, requireReason } from '../errors.js'

export async function resubscribePartner(context: CliContext, id: string, { address, reason }: ResubscribeRequest): Promise<number> {
  requireName(id, 'the id of a partner', 'hms-svc partners list')
  requireReason(reason, 'partners resubscribe')
  const client = await context.client()
  const partner = await client.post('/v1/partners/{id}/resubscribe', { address, reason }, { params: { id } })
  context.output.data(partner, () => [])
  context.output.done(`${id} is no longer unsubscribed at ${address}`)
  return EXIT.done
}
