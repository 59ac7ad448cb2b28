import type { AuditEntry, Envelope, ServiceName } from '#libs/contracts'
import { digestOfPayload, MAX_EVENT_BYTES, readEvent, SignatureError, type Roster } from '#libs/signing'
import { requireWholeEnvelope } from './strict.js'

/** Form of an entry whose event the log keeps. */
const KEPT = 4

/**
 * The event that comes with an entry is the one that the log recorded, as its service signed it; what the entry says of it is what it says
 * itself. An entry of which the log keeps the event has it. Throws `SignatureError`.
 */
export function checkEvent(entry: AuditEntry & { v?: number }, event: Envelope | undefined, rosters: readonly Roster[]): void {
  if (event === undefined) {
    if (entry.v === KEPT) throw invalid('the event is missing that the log keeps with this entry')
    return
  }
  if (digestOfPayload(event) !== entry.digest) throw invalid('the event is not the one that this entry is of')
  requireWholeEnvelope(event, rosters, MAX_EVENT_BYTES)
  const said = readBy(event, entry.source, rosters)
  const own = { at: said.time, source: said.source, type: said.type, key: said.key, event: said.id, run: said.runId ?? null }
  const other = Object.entries(own).find(([name, value]) => String(entry[name as keyof AuditEntry]) !== String(value))
  if (other !== undefined) throw invalid(`the entry says another ${other[0]} than its event`)
}

/** By the keys that the service has by the newest roster, or had by an earlier one. */
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

function invalid(detail: string): SignatureError {
  return new SignatureError('HMS_PROOF_INVALID', detail)
}
