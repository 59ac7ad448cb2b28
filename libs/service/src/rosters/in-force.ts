import { HmsError } from '#libs/contracts'
import type { Logger } from '#libs/platform'
import type { Roster } from '#libs/signing'

const EXPIRES_SOON_MS = 30 * 24 * 60 * 60 * 1000

/** Services of one process share the door: what one of them has heard already counts for it. */
export function newestRoster(services: readonly { roster: Roster }[], pinned: Roster): Roster {
  return services.reduce((newest, { roster }) => (roster.version > newest.version ? roster : newest), pinned)
}

/**
 * A roster past its validity vouches for nobody: `HMS_ROSTER_EXPIRED` (400). Asked at a start; one that expires later stops nothing that
 * runs, and in its last 30 days each start says so.
 */
export function requireRosterInForce({ version, expires }: Roster, now: Date, log: Logger): void {
  const restMs = Date.parse(expires) - now.getTime()
  if (restMs <= 0) {
    throw new HmsError('HMS_ROSTER_EXPIRED', `Roster ${version} was valid until ${expires}. Pin a newer one: set HMS_ROSTER to its file.`, {
      status: 400,
      next: ['hms-svc help environment'],
    })
  }
  if (restMs < EXPIRES_SOON_MS) log.warn({ roster: version, expires }, 'the roster expires soon: propose and sign the next one')
}
