import { expect, it } from 'vitest'
import { readRoster } from '#libs/signing'
import { FakeLog } from '../testing/fake-log.js'
import { rosterRecord } from '../testing/sample-records.js'
import { SAMPLE_ROSTER, sampleRoster } from '../testing/sample-trust.js'
import type { ReadPosition, RecordBatch } from './record-source.js'
import { ROSTER_TOPIC, topicRosters } from './topic-rosters.js'

/** Log whose first response has no records, as one of compacted or control records. */
class GapAtFirst extends FakeLog {
  override async read(topic: string, position: ReadPosition, waitMs: number): Promise<RecordBatch> {
    return position === 'beginning' ? { records: [], next: 0n, end: false } : super.read(topic, position, waitMs)
  }
}

/** Log that never reports its end. */
class Endless extends FakeLog {
  override endless = true
}

it.each([
  ['after a response without records that advances the offset', GapAtFirst],
  ['to an offset that does not advance', Endless],
])('rosters are read %s', async (_what, Log) => {
  const log = new Log()
  log.rewrite(ROSTER_TOPIC, [rosterRecord(2, await sampleRoster(2)), rosterRecord(3, await sampleRoster(3))])
  expect(await topicRosters(log, () => {}).after(readRoster(SAMPLE_ROSTER))).toHaveLength(2)
})
