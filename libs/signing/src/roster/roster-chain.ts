import { SignatureError } from '../signature-error.js'
import { readUnsignedRoster } from './read-roster.js'
import { requireRootSigned } from './root-threshold.js'
import type { Revocation } from './roster-predicate.js'
import type { Roster } from './roster.js'

/**
 * The step from one roster to the next, by TUF's rules for root: exactly one version on, signed by enough people of the present roster
 * and by enough of the new one. Profile and installation never change, and a revoked key stays revoked. Throws `HMS_ROSTER_VERSION`,
 * `_THRESHOLD`, `_PROFILE`, `_INSTALLATION`, `_INVALID`, or what a malformed statement throws. Does not look at `expires`: an expired
 * roster may be a step on the way to the newest one,
 * which alone must be good today (`requireUnexpired`).
 */
export function nextRoster(current: Roster, envelope: unknown): Roster {
  const next = readSuccessor(current, envelope)
  for (const judge of [current, next]) requireRootSigned(envelope, judge, next.version)
  return next
}

/** A roster, signed or not yet, that may stand behind `current` once enough people have signed it. Throws what `nextRoster` throws. */
export function readSuccessor(current: Roster, envelope: unknown): Roster {
  const next = readUnsignedRoster(envelope)
  const { version, profile, revocations, namedInstallation } = next
  if (version !== current.version + 1) {
    throw new SignatureError('HMS_ROSTER_VERSION', `roster ${version} does not follow roster ${current.version}`)
  }
  if (profile !== current.profile)
    throw new SignatureError('HMS_ROSTER_PROFILE', `a ${current.profile} roster does not become a ${profile} one`)
  if (namedInstallation !== undefined && namedInstallation !== current.installation) {
    throw new SignatureError(
      'HMS_ROSTER_INSTALLATION',
      `it is for the installation ${namedInstallation}, and this one is ${current.installation}`,
    )
  }
  const dropped = current.revocations.find((old) => !revocations.some((kept) => keeps(kept, old)))
  if (dropped) throw new SignatureError('HMS_ROSTER_INVALID', `${dropped.keyid} was revoked since ${dropped.since} and no longer is`)
  return next.following(current)
}

/** Throws `HMS_ROSTER_EXPIRED` once `at` (RFC 3339, by the caller's clock) has reached the end of the roster's validity. */
export function requireUnexpired(roster: Roster, at: string): void {
  if (Date.parse(at) < Date.parse(roster.expires)) return
  throw new SignatureError('HMS_ROSTER_EXPIRED', `roster ${roster.version} was valid until ${roster.expires}`)
}

/** A revocation may move back in time, when the theft turns out to be older; never forward. */
function keeps(kept: Revocation, old: Revocation): boolean {
  return kept.keyid === old.keyid && Date.parse(kept.since) <= Date.parse(old.since)
}
