import { SignatureError } from '../signature-error.js'
import { checkSignatures } from '../verify-envelope.js'
import type { Principal, Roster } from './roster.js'

/** Signatures of people on an envelope, compared with the root rule of one roster. Counts people, not keys. */
export type RootState = { signed: Principal[]; threshold: number; complete: boolean }

/**
 * Returns the people of roster `authority` who signed, and how many must, by its role with `match: { root: true }`; without it, all people
 * count, with the highest threshold of any role. Revoked keys never count; in stored statements, signatures before the revocation do.
 */
export function rootState(envelope: unknown, authority: Roster): RootState {
  const { keyids } = checkSignatures(envelope, authority.keysOfKind('person'))
  const role = authority.rootRole
  const signers = new Set(keyids.flatMap((keyid) => authority.principalOfKey(keyid) ?? []))
  const signed = [...signers].filter(({ id }) => role === undefined || role.principals.includes(id))
  const threshold = role?.threshold ?? Math.max(1, ...authority.roles.map((each) => each.threshold))
  return { signed, threshold, complete: signed.length >= threshold }
}

/** Throws `HMS_ROSTER_THRESHOLD` unless enough people of `authority` signed roster `version`. */
export function requireRootSigned(envelope: unknown, authority: Roster, version: number): void {
  const { signed, threshold, complete } = rootState(envelope, authority)
  if (complete) return
  const detail = `roster ${version} is signed by ${signed.length} people of roster ${authority.version}, ${threshold} are needed`
  throw new SignatureError('HMS_ROSTER_THRESHOLD', detail)
}
