import type { AuditEntry, Envelope, LogProof, ServiceName } from '#libs/contracts'
import {
  checkSignatures,
  digestOfPayload,
  MAX_EVENT_BYTES,
  openNote,
  readEvent,
  SignatureError,
  spkiToKey,
  verifyNote,
  type Keys,
  type Roster,
} from '#libs/signing'

const KEYS = new WeakMap<Roster, Keys>()

/** Requires known members alone: an auditor must also notice changes to data that no reader needs, such as a further signature. */
export function requireMembers(value: object, known: readonly string[], what: string): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown !== undefined) throw invalid(`${what} has a member ${unknown} that no export writes`)
}

/** Requires valid signatures by keys of these rosters alone, and payload and signatures in standard base64. */
export function requireWholeEnvelope(envelope: Envelope, rosters: readonly Roster[], maxBytes?: number): void {
  requireMembers(envelope, ['payload', 'payloadType', 'signatures'], 'an envelope')
  for (const signature of envelope.signatures) requireMembers(signature, ['keyid', 'sig'], 'a signature')
  const texts = [envelope.payload, ...envelope.signatures.map(({ sig }) => sig)]
  if (texts.some((text) => Buffer.from(text, 'base64').toString('base64') !== text)) throw invalid('it is not written in standard base64')
  // Other checks decide whether the signature of a key counts.
  const keys: Keys = new Map(rosters.flatMap((roster) => [...everyKey(roster)]))
  const { keyids, invalid: falseKeyids } = checkSignatures(envelope, keys, maxBytes)
  const named = envelope.signatures.map(({ keyid }) => keyid)
  if (falseKeyids.length > 0 || named.some((keyid) => !keyids.includes(keyid)) || new Set(named).size < named.length)
    throw invalid('it has a signature that is not true, or of a key that no roster has')
}

/** Requires that each line under a note is a valid signature of the log or of a witness. */
export function requireWholeNote(text: string, rosters: readonly Roster[]): void {
  const note = openNote(text)
  const all = rosters.flatMap(({ logPolicies }) => logPolicies.flatMap(({ log, witnesses }) => [log, ...witnesses]))
  const keys = [...new Map(all.map((key) => [`${key.name} ${key.id}`, key])).values()]
  if (verifyNote(note, keys).length !== note.signatures.length) throw invalid('a checkpoint has a signature of a key that no roster names')
}

/** Requires a proof without unknown members or false signatures. In `c2sp.org/tlog-proof@v1` the note follows the empty line. */
export function requireWholeProof({ entry: _entry, proof, member, ...rest }: LogProof, rosters: readonly Roster[]): void {
  requireMembers(rest, [], 'a proof')
  requireMembers(member, ['index', 'path'], 'a proof')
  requireWholeNote(proof.slice(proof.indexOf('\n\n') + 2), rosters)
}

function everyKey(roster: Roster): Keys {
  const cached = KEYS.get(roster)
  if (cached !== undefined) return cached
  const all = [...roster.principals.values()].flatMap(({ keys }) => keys.map(({ keyid, spki }) => [keyid, spkiToKey(spki)] as const))
  const keys = new Map(all)
  KEYS.set(roster, keys)
  return keys
}

/** Version of an entry whose event the log keeps. */
const KEPT = 4

/** Checks that `event` is the signed event of the entry; an entry of version `KEPT` must have one. Throws `SignatureError`. */
export function checkEvent(entry: AuditEntry & { v?: number }, event: Envelope | undefined, rosters: readonly Roster[]): void {
  if (event === undefined) {
    if (entry.v === KEPT) throw invalid('the event is missing that the log keeps with this entry')
    return
  }
  if (digestOfPayload(event) !== entry.digest) throw invalid('the event is not the event of this entry')
  requireWholeEnvelope(event, rosters, MAX_EVENT_BYTES)
  const { time, source, type, key, id, runId = null } = readBy(event, entry.source, rosters)
  const own = { at: time, source, type, key, event: id, run: runId }
  const other = Object.entries(own).find(([name, value]) => String(entry[name as keyof AuditEntry]) !== String(value))
  if (other !== undefined) throw invalid(`the ${other[0]} of the entry differs from its event`)
}

/** Verifies an event with the service's keys in the newest roster, or else in an earlier one. Throws the error of the newest. */
function readBy(event: Envelope, source: string, rosters: readonly Roster[]): ReturnType<typeof readEvent>['predicate'] {
  const service = source.replace(/^\/hms-svc\//, '') as ServiceName
  let refusal: unknown
  for (const roster of rosters.toReversed()) {
    try {
      return readEvent(event, roster.serviceKeys(service)).predicate
    } catch (error) {
      refusal ??= error
    }
  }
  throw refusal
}

/** Error for data that differs from what was signed. */
export function invalid(detail: string): SignatureError {
  return new SignatureError('HMS_PROOF_INVALID', detail)
}
