import { topicByName, type VerifiedEvent } from '#libs/contracts'
import { openRecord } from '#libs/messaging'
import { ServiceRuntime } from '#libs/service'
import { Inject, Injectable } from '@nestjs/common'
import { actorsOf } from '../entries/actors.js'
import { factsOf, releasesOf } from '../entries/entry.js'
import { ENTRY_STORE, type EntryStore } from '../entries/entry.store.js'

const PAGE = 200
const MAX_PAGES = 500

/**
 * Records again the events of unsigned arrival rows: an earlier build stored them, and they had no index in the log when it ended. Each
 * event is read from the bus and verified; a row without such an event stays, and is ignored.
 */
@Injectable()
export class AdoptArrivals {
  constructor(
    private readonly runtime: ServiceRuntime,
    @Inject(ENTRY_STORE) private readonly entries: EntryStore,
  ) {}

  /** Runs at the start on a bus that can be read from the beginning; on Kafka `topics republish` delivers the events again. */
  async execute(): Promise<void> {
    const { database, bus, roster, seal } = this.runtime
    const unsigned = await database.autocommit((tx) => this.entries.unsigned(tx))
    if (unsigned === undefined || bus.records === undefined) return
    const query = { topics: unsigned.topics, limit: PAGE }
    let after: string | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const { records, next } = await bus.records.read(after === undefined ? { ...query, since: unsigned.since } : { ...query, after })
      for (const record of records) {
        const opened = openRecord(record, topicByName(record.topic).producers, roster, seal)
        if (opened.ok) await database.transaction((tx) => this.take(tx, opened.event))
      }
      if (records.length === 0 || next === after) return
      after = next
    }
  }

  /** Stores a redelivered event: its row is replaced if it is unsigned. */
  async take(tx: Parameters<EntryStore['take']>[0], event: VerifiedEvent): Promise<void> {
    if (topicByName(event.topic).trail === 'window' || !(await this.entries.dropUnsigned(tx, event.id))) return
    const releases = releasesOf(event)
    const facts = factsOf(event, releases)
    const signed = facts.v === 4 ? event.envelope : undefined
    await this.entries.take(tx, facts, { releases, actors: actorsOf(event, this.runtime.roster), signed })
  }
}
