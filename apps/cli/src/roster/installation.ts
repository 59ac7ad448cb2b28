import { HmsError } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { pinnedRoster } from './pinned-roster.js'

/**
 * Returns the installation a person signs for: that of the pinned roster. Without one, and on a loopback address only, the service is
 * trusted, as the SDK trusts it on first use.
 */
export async function installationOf(context: CliContext): Promise<string> {
  const { isLoopback, readUrl } = await import('#libs/client')
  try {
    return (await pinnedRoster(context)).installation
  } catch (error) {
    const unnamed =
      error instanceof HmsError && error.code === 'HMS_ROSTER_UNREADABLE' && context.io.environment.lookup('HMS_ROSTER') === undefined
    if (!unnamed || !isLoopback(readUrl(context.url))) throw error
    const client = await context.client()
    const [first] = await client.get('/v1/roster')
    if (first === undefined) throw error
    const { readRoster } = await import('#libs/signing')
    return readRoster(first.envelope).installation
  }
}
