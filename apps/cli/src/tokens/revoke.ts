import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'
import { signingClient, type AsPerson } from './as-person.js'

export async function revokeToken(context: CliContext, id: string, flags: AsPerson): Promise<number> {
  requireName(id, 'the id of a key', 'hms-svc tokens list')
  const token = await (await signingClient(context, flags)).post('/v1/tokens/{id}/revoke', {}, { params: { id } })
  context.output.done(`Key ${token.id} (${token.name}) revoked; what it has open is closed within seconds`)
  if (context.output.mode === 'json') context.output.data(token, () => [])
  return EXIT.done
}
