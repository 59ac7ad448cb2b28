import { SignatureError } from '../signature-error.js'
import { readUnsignedRoster } from './read-roster.js'
import { requireRootSigned } from './root-threshold.js'
import type { Revocation } from './roster-predicate.js'
import type { Roster } from './roster.js'

/**
 * Verifies the step from one roster to the next by TUF's rules for root: exactly the next version, signed by enough people of the current
 * roster and of the new one. Profile and installation never change, and a revoked key stays revoked. Throws `HMS_ROSTER_VERSION`,
 * `_THRESHOLD`, `_PROFILE`, `_INSTALLATION`, `_INVALID`, or the errors of a malformed statement. Ignores `expires`, because intermediate
 * rosters may have expired; only the newest must be valid (`requireUnexpired`).
 */
export function nextRoster(current: Roster, envelope: unknown): Roster {
  const next = readSuccessor(current, envelope)
  for (const authority of [current, next]) requireRootSigned(envelope, authority, next.version)
  return next
}

/** Reads a roster that may follow `current`, but does not check its signatures. Throws the errors of `nextRoster` except `_THRESHOLD`. */
export function readSuccessor(current: Roster, envelope: unknown): Roster {
  const next = readUnsignedRoster(envelope)
  const { version, profile, revocations, namedInstallation } = next
  if (version !== current.version + 1)
    throw new SignatureError('HMS_ROSTER_VERSION', `roster ${version} does not follow roster ${current.version}`)
  if (profile !== current.profile)
    throw new SignatureError('HMS_ROSTER_PROFILE', `a ${current.profile} roster does not become a ${profile} one`)
  if (namedInstallation !== undefined && namedInstallation !== current.installation) {
    throw new SignatureError(
      'HMS_ROSTER_INSTALLATION',
      `it is for the installation ${namedInstallation}, and this one is ${current.installation}`,
    )
  }
  const dropped = current.revocations.find((old) => !revocations.some((kept) => isRetained(kept, old)))
  if (dropped) throw new SignatureError('HMS_ROSTER_INVALID', `${dropped.keyid} was revoked since ${dropped.since} and no longer is`)
  return next.following(current)
}

/** Throws `HMS_ROSTER_EXPIRED` if the roster has expired at `at` (RFC 3339, by the caller's clock). */
export function requireUnexpired(roster: Roster, at: string): void {
  if (Date.parse(at) < Date.parse(roster.expires)) return
  throw new SignatureError('HMS_ROSTER_EXPIRED', `roster ${roster.version} was valid until ${roster.expires}`)
}

/** Whether `kept` continues the revocation `old`. It may be backdated, because a theft may turn out to be older, but not postponed. */
function isRetained(kept: Revocation, old: Revocation): boolean {
  return kept.keyid === old.keyid && Date.parse(kept.since) <= Date.parse(old.since)
}
