import { action, HmsError } from '#libs/contracts'
import type { Logger } from '#libs/platform'
import type { Roster } from '#libs/signing'

const EXPIRES_SOON_MS = 30 * 24 * 60 * 60 * 1000

/** Services of one process share the HTTP server: the newest roster received by any of them applies. */
export function newestRoster(services: readonly { roster: Roster }[], pinned: Roster): Roster {
  return services.reduce((newest, { roster }) => (roster.version > newest.version ? roster : newest), pinned)
}

/**
 * Requires a roster within its validity; an expired one is not trusted: `HMS_ROSTER_EXPIRED` (400). Checked at a start. One that expires
 * later stops nothing that runs, and in its last 30 days each start logs a warning.
 */
export function requireRosterInForce({ version, expires }: Roster, now: Date, log: Logger): void {
  const restMs = Date.parse(expires) - now.getTime()
  if (restMs <= 0) {
    throw new HmsError('HMS_ROSTER_EXPIRED', `Roster ${version} was valid until ${expires}. Pin a newer one: set HMS_ROSTER to its file.`, {
      status: 400,
      next: [action('help.environment')],
    })
  }
  if (restMs < EXPIRES_SOON_MS) log.warn({ roster: version, expires }, 'the roster expires soon: propose and sign the next one')
}
