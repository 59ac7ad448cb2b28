import { EXIT, type TokenRequest } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { parseDurationFlag } from '../duration-flag.js'
import { signingClient, type AsPerson } from './as-person.js'

export interface CreateFlags extends AsPerson {
  scope: string[]
  region?: string
  name?: string
  expires?: string
}

const DAY_MS = 24 * 60 * 60 * 1000

export async function createToken(context: CliContext, flags: CreateFlags): Promise<number> {
  const expiresInMs = await parseExpires(flags.expires)
  const request: TokenRequest = {
    scopes: flags.scope.flatMap((list) => list.split(',')),
    ...(flags.region === undefined ? {} : { region: flags.region }),
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
  }
  const issued = await (await signingClient(context, flags)).post('/v1/tokens', request)
  const { id, scopes, expiresAt } = issued
  context.output.note(
    `Key ${id} may ${scopes.join(', ')} until ${expiresAt}. Every service knows it within seconds; it cannot be shown again.`,
  )
  context.output.data(issued, () => [issued.token])
  return EXIT.done
}

/** Parses a duration, days included, because keys are long-lived. */
async function parseExpires(text: string | undefined): Promise<number | undefined> {
  const [, days] = /^(\d{1,4})d$/.exec(text ?? '') ?? []
  return days === undefined ? parseDurationFlag('--expires', text) : Number(days) * DAY_MS
}
