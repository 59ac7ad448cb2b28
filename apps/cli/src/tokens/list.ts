import { EXIT, type TokenView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { signingClient, type AsPerson } from './as-person.js'

export async function listTokens(context: CliContext, flags: AsPerson): Promise<number> {
  const client = flags.sign === undefined ? await context.client() : await signingClient(context, flags)
  const tokens = await client.get('/v1/tokens')
  const now = context.io.now()
  context.output.list(
    tokens,
    [
      { heading: 'ID', cell: (token) => token.id },
      { heading: 'STATE', cell: (token) => stateOf(token, now) },
      { heading: 'SCOPES', cell: (token) => token.scopes.join(', ') },
      { heading: 'EXPIRES', cell: (token) => token.expiresAt },
      { heading: 'MADE BY', cell: (token) => token.createdBy },
      { heading: 'NAME', cell: (token) => token.name },
    ],
    'No keys. Make one: hms-svc tokens create --scope SCOPE',
  )
  return EXIT.done
}

function stateOf({ revokedAt, expiresAt, unverified }: TokenView, now: number): string {
  if (unverified !== undefined) return 'UNVERIFIED'
  if (revokedAt !== null) return 'revoked'
  return Date.parse(expiresAt) <= now ? 'expired' : 'valid'
}
