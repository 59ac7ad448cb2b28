import type { EventData } from '#libs/contracts'
import type { StoredDocument } from './head.table.js'

/** What the topic of state carries of a stored document: all but what only readers of this service ask. */
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
