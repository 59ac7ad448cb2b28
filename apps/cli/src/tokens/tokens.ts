import type { TokenRequest, TokenView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName, usageError } from '../errors.js'
import { durationFlag } from '../flags.js'
import type { CREATE_TOKEN, FlagsOf } from '../verbs/options.js'
import { signingClient, type SigningFlags } from './as-person.js'

const DAY_MS = 24 * 60 * 60 * 1000

export async function createToken(context: CliContext, flags: FlagsOf<typeof CREATE_TOKEN>): Promise<void> {
  const expiresInMs = parseExpires(flags.expires)
  const request: TokenRequest = {
    scopes: flags.scope.flatMap((list) => list.split(',')),
    region: flags.region,
    name: flags.name,
    expiresInMs,
  }
  const issued = await (await signingClient(context, flags)).post('/v1/tokens', request)
  const { id, scopes, expiresAt } = issued
  context.output.note(
    `Key ${id} may ${scopes.join(', ')} until ${expiresAt}. Every service knows it within seconds; it cannot be shown again.`,
  )
  context.output.data(issued, () => [issued.token])
}

/** Prints the address of the calendar. Its key opens nothing else, and is valid as long as the key in `HMS_TOKEN`. */
export async function showCalendar({ io, output, url }: CliContext): Promise<void> {
  const { mintedOf, streamKeyOf } = await import('#libs/signing')
  const { token } = io.environment
  const minted = token === undefined ? undefined : mintedOf(token)
  const address = `${url}/v1/calendar.ics${minted === undefined ? '' : `?key=${streamKeyOf(minted, 'calendar')}`}`
  if (minted === undefined) output.note('Without a key in HMS_TOKEN, only profile dev opens this address.')
  output.data({ url: address }, () => [address])
}

/** Parses a duration, days included, because keys are long-lived. */
function parseExpires(text: string | undefined): number | undefined {
  const [, days] = /^(\d{1,4})d$/.exec(text ?? '') ?? []
  const ms = days === undefined ? durationFlag('--expires', text) : Number(days) * DAY_MS
  if (ms !== undefined && (ms < 60_000 || ms > 730 * DAY_MS)) throw usageError('--expires is one minute to 730 days, such as 90d')
  return ms
}

export async function listTokens(context: CliContext, flags: SigningFlags): Promise<void> {
  const client = flags.sign === undefined ? await context.client() : await signingClient(context, flags)
  const tokens = await client.get('/v1/tokens')
  const now = context.io.now()
  context.output.list(
    tokens,
    {
      ID: 'id',
      STATE: (token) => stateOf(token, now),
      SCOPES: (token) => token.scopes.join(', '),
      EXPIRES: 'expiresAt',
      'MADE BY': 'createdBy',
      NAME: 'name',
    },
    'No keys. Make one: hms-svc tokens create --scope SCOPE',
  )
}

function stateOf({ revokedAt, expiresAt, unverified }: TokenView, now: number): string {
  if (unverified !== undefined) return 'UNVERIFIED'
  if (revokedAt !== null) return 'revoked'
  return Date.parse(expiresAt) <= now ? 'expired' : 'valid'
}

export async function revokeToken(context: CliContext, id: string, flags: SigningFlags): Promise<void> {
  requireName(id, 'the id of a key', 'hms-svc tokens list')
  const token = await (await signingClient(context, flags)).post('/v1/tokens/{id}/revoke', {}, { params: { id } })
  context.output.result(token, [`Key ${token.id} (${token.name}) revoked; its open connections are closed within seconds`])
}
