import type { AuditEntry, Envelope, ServiceName } from '#libs/contracts'
import { digestOfPayload, MAX_EVENT_BYTES, readEvent, SignatureError, type Roster } from '#libs/signing'
import { requireWholeEnvelope } from './strict.js'

/** Version of an entry whose event the log keeps. */
const KEPT = 4

/**
 * Checks that the event of an entry is the recorded one, as signed by its service, and that the entry's facts match it. An entry of this
 * version must have its event. Throws `SignatureError`.
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

/** Verifies the event by the service's keys in the newest roster, or in an earlier one. */
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
