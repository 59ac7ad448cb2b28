import { peekPredicate, type Envelope } from '#libs/contracts'
import { nextRoster, SignatureError, type Roster } from '#libs/signing'
import { refusalOf } from '../connection/refusals.js'
import { openRecord, recordError } from './open-record.js'
import type { RecordSource, ReadPosition } from './record-source.js'
import type { RosterSource } from '../trust/pinned-rosters.js'

export const ROSTER_TOPIC = 'hms.roster.v1'

/** Returns a source of successors on the compacted topic. An invalid step is reported and skipped, so no writer blocks the chain. */
export function topicRosters(source: RecordSource, report: (error: Error) => void): RosterSource {
  return { name: `Kafka (${ROSTER_TOPIC})`, after: (newest) => chainAfter(newest, source, report) }
}

async function chainAfter(newest: Roster, source: RecordSource, report: (error: Error) => void): Promise<Envelope[]> {
  const chain: Envelope[] = []
  let roster = newest
  // A roster that was written again comes after its successors in the log, so the topic is re-read while that makes progress.
  for (let first = true; ; first = false) {
    const before = roster
    let ahead: number | undefined
    for await (const envelope of envelopes(source, first ? report : () => {})) {
      const version = versionOf(envelope)
      if (version === roster.version + 1) {
        try {
          roster = nextRoster(roster, envelope)
          chain.push(envelope)
        } catch (error) {
          if (!(error instanceof SignatureError)) throw error
          if (first) report(refusalOf(error))
        }
      } else if (version > roster.version) ahead = Math.min(ahead ?? version, version)
    }
    if (ahead === undefined || ahead <= roster.version) return chain
    if (roster === before) {
      report(
        recordError(
          'HMS_ROSTER_VERSION',
          `roster ${ahead} is on ${ROSTER_TOPIC}, but the chain from roster ${roster.version} to it is incomplete`,
        ),
      )
      return chain
    }
  }
}

async function* envelopes(source: RecordSource, report: (error: Error) => void): AsyncGenerator<Envelope> {
  for (let position: ReadPosition = 'beginning', end = false; !end;) {
    const batch = await source.read(ROSTER_TOPIC, position, 0)
    for (const record of batch.records) {
      try {
        const opened = openRecord(ROSTER_TOPIC, record)
        if (opened !== undefined) yield (opened.data as { envelope: Envelope }).envelope
      } catch (error) {
        report(error as Error)
      }
    }
    end = batch.end || batch.next === position
    position = batch.next
  }
}

/** Returns the version in a roster's payload, unverified; 0 if the payload has none. */
function versionOf(envelope: Envelope): number {
  try {
    const { version } = peekPredicate<{ version?: unknown }>(envelope)
    return typeof version === 'number' ? version : 0
  } catch {
    return 0
  }
}
