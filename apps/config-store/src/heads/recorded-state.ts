import type { EventData } from '#libs/contracts'
import type { StoredDocument } from './head.table.js'

/** Returns the record of a stored document for the topic of state, without members that only readers of this service query. */
export function recordedState(stored: StoredDocument): EventData['hms.state.recorded.v1'] {
  const {
    approvedBy: _approvedBy,
    author: _author,
    soleOfficial: _soleOfficial,
    nextOrigin: _nextOrigin,
    change: _change,
    storedAt: _storedAt,
    since: _since,
    firstRevision: _firstRevision,
    announcedSeqs: _announcedSeqs,
    traceparent: _trace,
    bundle,
    leaseUntil: _leaseUntil,
    ended: _ended,
    ...document
  } = stored
  return { document, ...(bundle === undefined ? {} : { bundle }) }
}
