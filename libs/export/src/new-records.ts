import { action, HmsError, type AuditEntry, type Envelope, type LiveRecord, type RosterStep } from '#libs/contracts'
import { readRoster } from '#libs/signing'
import {
  advance,
  exportedHead,
  headKey,
  PUBLISHED,
  publishedIn,
  withoutRepeatedHeads,
  type ExportPosition,
  type ExportRecord,
  type PublishedEntry,
} from './records.js'

/** Pages of an installation's records, oldest first: its HTTP API, or the tables of the service that runs this. */
export interface ExportSource {
  /** Rosters after a version. */
  rosters(since: number): Promise<readonly RosterStep[]>
  /** Entries of the log after an index, with the signed events that it keeps. */
  entries(page: { after: number | undefined; limit: number }): Promise<readonly (AuditEntry & { signed?: Envelope })[]>
  /** Heads stored after a time, in the order in which they were stored; those of one time are never in two pages. */
  history(page: { after: string | undefined; limit: number }): Promise<readonly LiveRecord[]>
}

/** Checkpoint that a position is advanced to. */
export interface ExportEnd {
  size: number
  /** The signed note. */
  note: string
}

const ENTRIES_AT_ONCE = 1_000

/**
 * Yields the records after the position, then the checkpoint; none if the position is at the checkpoint. Advances the position. Entries
 * before `sinceMs` are left out.
 */
export async function* newRecords(
  source: ExportSource,
  position: ExportPosition,
  { size, note }: ExportEnd,
  { sinceMs }: { sinceMs?: number | undefined } = {},
): AsyncGenerator<ExportRecord, void, undefined> {
  const emit = (record: ExportRecord): ExportRecord => {
    advance(position, record)
    return record
  }
  if (size === position.entries) return
  for await (const record of rostersAfter(source, position)) yield emit(record)
  const published: PublishedEntry[] = []
  const named = new Set(position.heads)
  let skipping = sinceMs !== undefined
  while (position.entries < size) {
    const limit = Math.min(ENTRIES_AT_ONCE, size - position.entries)
    const entries = await source.entries({ after: position.entries === 0 ? undefined : position.entries - 1, limit })
    if (entries.length === 0) {
      const detail = `The log does not give entry ${position.entries}, which its checkpoint covers.`
      throw new HmsError('HMS_EXPORT_ENTRY_MISSING', detail, { status: 502, next: [action('audit.verify')] })
    }
    for (const { signed: event, ...entry } of entries) {
      if (entry.index !== position.entries) throw unexpectedPage(`entry ${position.entries}`, `entry ${entry.index}`)
      skipping &&= Date.parse(entry.at) < sinceMs!
      const record: ExportRecord = { type: 'entry', entry, ...(event === undefined ? {} : { event }) }
      advance(position, record)
      if (skipping) continue
      yield record
      if (entry.type === PUBLISHED) published.push(withoutRepeatedHeads(publishedIn(entry, event), named))
    }
  }
  for await (const record of headsOfEntries(source, published)) yield emit(record)
  yield { type: 'checkpoint', size, note }
}

async function* rostersAfter(source: ExportSource, position: ExportPosition): AsyncGenerator<ExportRecord, void, undefined> {
  for (;;) {
    const steps = await source.rosters(position.roster)
    for (const { version, envelope } of steps) {
      if (version <= position.roster) throw unexpectedPage(`the roster after ${position.roster}`, `roster ${version}`)
      if (position.installation === undefined) yield { type: 'export', v: 1, installation: readRoster(envelope).installation }
      yield { type: 'roster', version, envelope }
    }
    if (steps.length === 0) return
  }
}

const HEADS_AT_ONCE = 100

/** Yields heads in the order of these entries, not by time. */
async function* headsOfEntries(pages: ExportSource, published: readonly PublishedEntry[]): AsyncGenerator<ExportRecord, void, undefined> {
  const source = new HeadSource(pages, published)
  for (const entry of published) {
    for (const named of entry.heads) {
      const record = await source.findByKey(headKey(named))
      if (record === undefined) yield { type: 'missing', head: { policy: named.policy, seq: named.seq } } // guard: export-gap-stated
      // A head that was stored again is in the export since its first report, which may be before this position.
      else if (record.storedAt === entry.at) yield { type: 'live', record: exportedHead(record, named) }
    }
  }
}

/** Reads `/v1/history` page by page over the time of these entries; buffers records until their entry's turn. */
class HeadSource {
  private readonly waiting = new Map<string, LiveRecord>()
  private readonly until: string
  private after: string | undefined
  private isExhausted: boolean

  constructor(
    private readonly pages: ExportSource,
    published: readonly PublishedEntry[],
  ) {
    const times = published.map(({ at }) => at).sort()
    this.isExhausted = times.length === 0
    this.until = times.at(-1) ?? ''
    // `after` is exclusive.
    this.after = this.isExhausted ? undefined : new Date(Date.parse(times[0]!) - 1).toISOString()
  }

  async findByKey(key: string): Promise<LiveRecord | undefined> {
    while (!this.waiting.has(key) && !this.isExhausted) await this.read()
    const record = this.waiting.get(key)
    this.waiting.delete(key)
    return record
  }

  private async read(): Promise<void> {
    const records = await this.pages.history({ after: this.after, limit: HEADS_AT_ONCE })
    for (const record of records) if (record.storedAt <= this.until) this.waiting.set(headKey(record), record)
    const last = records.at(-1)?.storedAt
    if (last !== undefined && last <= this.after!) throw unexpectedPage(`heads stored after ${this.after}`, `one of ${last}`)
    this.after = last
    this.isExhausted = last === undefined || last > this.until
  }
}

/** Returns the error for an unexpected page, because a source that repeats itself must not cause an endless export. */
function unexpectedPage(asked: string, given: string): HmsError {
  return new HmsError('HMS_HTTP_UNEXPECTED', `Asked for ${asked}, the log or the history gave ${given}.`, { status: 502 })
}
