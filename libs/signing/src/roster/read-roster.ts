import { keyIdOf, rawFromSpki } from '../keys.js'
import type { Envelope } from '../envelope.js'
import { SignatureError } from '../signature-error.js'
import type { Signer } from '../signer.js'
import { readUnverified, signStatement } from '../statement-kind.js'
import { NOTE_COSIGNATURE, NOTE_ED25519, readVkey } from '../tlog/note.js'
import { ROSTER, type EarlierLog, type Role, type RosterPredicate } from './roster-predicate.js'
import { requireRootSigned } from './root-threshold.js'
import { Roster, type Principal } from './roster.js'

export function signRoster(predicate: RosterPredicate, signers: readonly Signer[]): Promise<Envelope> {
  return signStatement(ROSTER, predicate, signers)
}

/**
 * Reads a roster that the caller pinned or obtained from a trusted source. Throws as `readUnsignedRoster`, and `HMS_ROSTER_THRESHOLD` if
 * fewer people signed it than its own root rule requires. `requireUnexpired` checks the expiry, `nextRoster` whether it follows another.
 */
export function readRoster(envelope: unknown): Roster {
  const roster = readUnsignedRoster(envelope)
  requireRootSigned(envelope, roster, roster.version)
  return roster
}

/**
 * Reads a roster that is not signed yet, or whose signatures the caller verifies. Throws `HMS_ROSTER_INVALID` for an inconsistency, such as
 * a key id that is not its key's fingerprint, a key listed twice (one person would count as two), or an unreachable threshold.
 */
export function readUnsignedRoster(envelope: unknown): Roster {
  const { predicate, digest } = readUnverified(ROSTER, envelope)
  const roster = new Roster(predicate, digest, envelope as Envelope)
  const principals = [...roster.principals.values()]
  requireUnique(
    principals.map(({ name }) => name.normalize('NFKC').replaceAll(/\s+/g, ' ').trim().toLowerCase()), // guard: roster-names
    'two principals share the name',
  )
  requireUnique(
    roster.roles.map((role) => role.name),
    'two roles share the name',
  )
  requireKeys(principals)
  for (const role of roster.roles) requireRole(role, roster)
  if (roster.roles.filter(({ match }) => match.root).length > 1) throw invalid('two roles have match.root')
  requireUnique(
    roster.revocations.map(({ keyid }) => keyid),
    'revoked twice: the key',
  )
  requireLogs(predicate, principals)
  requireEarlierRoles(roster)
  return roster
}

function requireKeys(principals: readonly Principal[]): void {
  const keys = principals.flatMap((principal) => principal.keys)
  const wrong = keys.find(({ keyid, spki }) => keyIdOf(rawFromSpki(spki)) !== keyid)
  if (wrong) throw invalid(`${wrong.keyid} is not the fingerprint of its key`)
  requireUnique(
    keys.map(({ keyid }) => keyid),
    'listed twice: the key',
  )
}

function requireRole(role: Role, roster: Roster): void {
  requireAttainable(role)
  const kind = role.match.service === undefined ? 'person' : 'service'
  const unknown = role.principals.find((id) => roster.principals.get(id)?.kind !== kind)
  if (unknown !== undefined) throw invalid(`${role.name} names ${unknown}, which is not a ${kind} of this roster`)
}

function requireAttainable({ name, principals, threshold, soleOfficial }: Role): void {
  requireUnique(principals, `${name} lists twice`)
  if (threshold < 1 || threshold > principals.length) throw invalid(`${name} requires ${threshold} of ${principals.length} principals`)
  if (soleOfficial === true && threshold > 1) throw invalid(`${name} requires ${threshold} people, but soleOfficial lets one suffice`)
}

/** Requires valid earlier roles. A role may name people who have left the roster (their signatures do not count), but no services. */
function requireEarlierRoles(roster: Roster): void {
  for (const { role, until } of roster.earlierRoles) {
    const { name, match, principals } = role
    if (match.service !== undefined || match.root === true) throw invalid(`the earlier role ${name} approves nothing`)
    requireAttainable(role)
    const unknown = principals.find((id) => (roster.principals.get(id)?.kind ?? 'person') !== 'person')
    if (unknown !== undefined) throw invalid(`the earlier role ${name} names ${unknown}, who is not a person of this roster`)
    const namesakes = roster.earlierRoles.filter((other) => other.role.name === name && Date.parse(other.until) === Date.parse(until))
    if (namesakes.length > 1) throw invalid(`two earlier roles share the name ${name} and the end ${until}`)
  }
}

function requireLogs({ log, witnesses = [], quorum = 0, earlierLogs = [] }: RosterPredicate, principals: readonly Principal[]): void {
  if (log === undefined) {
    if (witnesses.length > 0 || quorum > 0 || earlierLogs.length > 0) throw invalid('it names witnesses or earlier logs, but no log')
    return
  }
  requireLog({ log, witnesses, quorum }, principals)
  for (const earlier of earlierLogs) {
    requireLog(earlier, principals)
    // Checkpoints of an earlier log are valid until its end, and only witnesses state the time of a checkpoint.
    if (earlier.quorum < 1) throw invalid('an earlier log must have a quorum of witnesses, who sign the times')
  }
}

/** Requires that log, witnesses and principals have different keys: one key must not count twice. Successive logs may share witnesses. */
function requireLog({ log, witnesses, quorum }: Omit<EarlierLog, 'until'>, principals: readonly Principal[]): void {
  const parts = [log, ...witnesses].map(readVkey)
  if (parts[0]!.type !== NOTE_ED25519) throw invalid('the vkey of the log is the vkey of a witness')
  if (parts.slice(1).some(({ type }) => type !== NOTE_COSIGNATURE)) throw invalid('the vkey of a witness is not a cosignature key')
  requireUnique(
    parts.map(({ name }) => name),
    'log and witnesses share the name',
  )
  const keys = principals.flatMap((principal) => principal.keys.map(({ keyid }) => keyid))
  requireUnique([...keys, ...parts.map(({ key }) => keyIdOf(key))], 'listed twice: the key')
  if (quorum > witnesses.length) throw invalid(`it requires ${quorum} of ${witnesses.length} witnesses`)
}

function requireUnique(names: readonly string[], complaint: string): void {
  const duplicate = names.find((name, i) => names.indexOf(name) !== i)
  if (duplicate !== undefined) throw invalid(`${complaint} ${duplicate}`)
}

function invalid(detail: string): SignatureError {
  return new SignatureError('HMS_ROSTER_INVALID', detail)
}
