import { SignatureError } from '../signature-error.js'
import { checkSignatures } from '../verify-envelope.js'
import type { Principal, Roster } from './roster.js'

/** Signatures of people on an envelope, compared with the root rule of one roster. Counts people, not keys. */
export type RootState = { signed: Principal[]; threshold: number; complete: boolean }

/**
 * Returns the people of the roster `judge` who signed, and how many have to. A role with `match: { root: true }` defines both. Without it,
 * any people of the roster count, and the threshold is the highest of any role. Keys that were ever revoked never count: unlike for stored
 * statements, no signing time before the revocation is accepted.
 */
export function rootState(envelope: unknown, judge: Roster): RootState {
  const { keyids } = checkSignatures(envelope, judge.keysOfKind('person'))
  const role = judge.rootRole
  const people = new Set(keyids.flatMap((keyid) => judge.principalOfKey(keyid) ?? []))
  const signed = [...people].filter(({ id }) => role === undefined || role.principals.includes(id))
  const threshold = role?.threshold ?? Math.max(1, ...judge.roles.map((each) => each.threshold))
  return { signed, threshold, complete: signed.length >= threshold }
}

/** Throws `HMS_ROSTER_THRESHOLD` unless enough people of `judge` signed roster `version`. */
export function requireRootSigned(envelope: unknown, judge: Roster, version: number): void {
  const { signed, threshold, complete } = rootState(envelope, judge)
  if (complete) return
  const detail = `roster ${version} is signed by ${signed.length} people of roster ${judge.version}, ${threshold} are needed`
  throw new SignatureError('HMS_ROSTER_THRESHOLD', detail)
}
