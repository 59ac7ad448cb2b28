import { existsSync } from 'node:fs'
import { open, stat, truncate } from 'node:fs/promises'
import type { ApiClient } from '#libs/client'
import { EXIT, HmsError, printableJson, type LiveRecord } from '#libs/contracts'
import { isTimestamp } from '#libs/policy'
import { openNote, readCheckpoint, readRoster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import type { EXPORT, FlagsOf } from '../verbs/options.js'
import { checkExport } from './check-export.js'
import {
  advance,
  exportedHead,
  headKey,
  mayHaveStored,
  withoutRepeatedHeads,
  PUBLISHED,
  publishedIn,
  readExport,
  startPosition,
  type ExportedHead,
  type ExportPosition,
  type ExportRecord,
  type PublishedEntry,
} from './records.js'

const ENTRIES_AT_ONCE = 1_000
/** Maximum number of missing heads that are named. */
const MAX_NAMED = 10

/** Exports all decisions and every document ever in force in scope global, with proofs, as NDJSON; an existing file is continued. */
export async function exportRecords(context: CliContext, options: FlagsOf<typeof EXPORT>): Promise<number> {
  if (options.check !== undefined) return checkExport(context, options.check)
  const { out, since } = options
  const sinceMs = since === undefined ? undefined : Date.parse(since)
  if (since !== undefined && !isTimestamp(since)) throw usageError(`--since ${since} is not a time; write it as 2026-01-31T00:00:00Z`)
  if (since !== undefined && out !== undefined && existsSync(out))
    throw usageError(`${out} exists and is continued at its end; --since is for a new file`)
  const client = await context.client()
  const position = out !== undefined && existsSync(out) ? await positionOf(out) : startPosition()
  const before = position.entries
  const file = out === undefined ? undefined : await open(out, 'a', 0o600)
  try {
    let records = 0
    const lost: string[] = []
    for await (const record of newRecords(client, position, sinceMs, (head) => lost.push(head))) {
      const line = `${printableJson(record)}\n`
      if (file === undefined) context.io.stdout.write(line)
      else await file.write(line)
      records++
    }
    await file?.sync()
    for (const head of lost.slice(0, MAX_NAMED))
      context.output.note(`The log reports ${head} as stored, but the history of config-store does not have it: hms-svc audit verify`)
    if (out !== undefined) {
      const summary = `${out}: ${records} more records, ${position.entries} entries of the log in all`
      context.output.result({ file: out, records, entries: position.entries, from: before }, [summary])
      // The check starts at the first entry of the log.
      if (since === undefined) context.output.note(`  next: hms-svc export --check ${out}`)
    }
    return EXIT.done
  } finally {
    await file?.close()
  }
}

/** Yields the records up to the current checkpoint, which comes last; nothing if the file is complete. */
async function* newRecords(
  client: ApiClient,
  position: ExportPosition,
  sinceMs: number | undefined,
  missing: (head: string) => void,
): AsyncGenerator<ExportRecord, void, undefined> {
  const emit = (record: ExportRecord): ExportRecord => {
    advance(position, record)
    return record
  }
  const note = (await client.bytes('/checkpoint')).toString('utf8')
  const { size } = readCheckpoint(openNote(note).body)
  const [first] = await client.get('/v1/roster')
  if (first !== undefined && position.installation !== undefined) {
    const { installation } = readRoster(first.envelope)
    if (installation !== position.installation)
      throw cannotContinue(
        `The file is from installation ${position.installation}, but these services are from ${installation}.`,
        'hms-svc export --out ANOTHER-FILE',
      )
  }
  if (size < position.entries)
    throw cannotContinue(
      `The log has ${size} entries under its checkpoint, but this file has ${position.entries}: it is another log, or an older state.`,
      'hms-svc audit verify',
    )
  if (size === position.entries) return
  for await (const record of rostersAfter(client, position)) yield emit(record)
  const published: PublishedEntry[] = []
  const named = new Set(position.heads)
  let skipping = sinceMs !== undefined
  while (position.entries < size) {
    const limit = Math.min(ENTRIES_AT_ONCE, size - position.entries)
    const entries = await client.get('/v1/audit/entries', {
      after: position.entries === 0 ? undefined : position.entries - 1,
      limit,
      signed: true,
    })
    if (entries.length === 0) {
      const detail = `The log does not give entry ${position.entries}, which its checkpoint covers.`
      throw new HmsError('HMS_EXPORT_ENTRY_MISSING', detail, { status: 502, next: ['hms-svc audit verify'] })
    }
    for (const { signed: event, ...entry } of entries) {
      skipping &&= Date.parse(entry.at) < sinceMs!
      const record: ExportRecord = { type: 'entry', entry, ...(event === undefined ? {} : { event }) }
      advance(position, record)
      if (skipping) continue
      yield record
      if (entry.type === PUBLISHED) published.push(withoutRepeatedHeads(publishedIn(entry, event), named))
    }
  }
  for await (const record of headsOfEntries(client, published, position.heads, missing)) yield emit({ type: 'live', record })
  yield { type: 'checkpoint', size, note }
}

async function* rostersAfter(client: ApiClient, position: ExportPosition): AsyncGenerator<ExportRecord, void, undefined> {
  for (;;) {
    const steps = await client.get('/v1/roster', position.roster === 0 ? {} : { since: position.roster })
    for (const { version, envelope } of steps) {
      if (position.installation === undefined) yield { type: 'export', v: 1, installation: readRoster(envelope).installation }
      yield { type: 'roster', version, envelope }
    }
    if (steps.length === 0) return
  }
}

/** Returns the position at the last checkpoint, and truncates what a killed export left behind it. Throws for a file that is no export. */
async function positionOf(file: string): Promise<ExportPosition> {
  const position = startPosition()
  let end = 0
  const open: ExportRecord[] = []
  for await (const { record, end: at } of readExport(file, true)) {
    open.push(record)
    if (record.type !== 'checkpoint') continue
    for (const each of open.splice(0)) advance(position, each)
    end = at
  }
  if ((await stat(file)).size > end) await truncate(file, end)
  return position
}

function cannotContinue(detail: string, next: string): HmsError {
  return new HmsError('HMS_EXPORT_BEHIND', detail, { status: 409, next: [next] })
}

const HEADS_AT_ONCE = 100

/** Yields the heads of these entries in their order; `/v1/history` is ordered by time. `known`: keys in the file; `missing`: not stored. */
async function* headsOfEntries(
  client: ApiClient,
  published: readonly PublishedEntry[],
  known: ReadonlySet<string>,
  missing: (key: string) => void,
): AsyncGenerator<ExportedHead, void, undefined> {
  const source = new HeadSource(client, published)
  for (const entry of published) {
    if (entry.heads === undefined) {
      for (const record of await source.findForEntry(entry)) if (!known.has(headKey(record))) yield exportedHead(record, undefined)
      continue
    }
    for (const named of entry.heads) {
      const record = await source.findByKey(headKey(named))
      if (record === undefined) missing(headKey(named))
      else yield exportedHead(record, named)
    }
  }
}

/** Reads `/v1/history` page by page over the time of these entries; buffers records until their entry's turn. */
class HeadSource {
  private readonly waiting = new Map<string, LiveRecord>()
  private readonly names: ReadonlySet<string>
  private readonly until: string
  private after: string | undefined
  private isExhausted: boolean

  constructor(
    private readonly client: ApiClient,
    published: readonly PublishedEntry[],
  ) {
    this.names = new Set(published.flatMap(({ heads = [] }) => heads.map(headKey)))
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

  /** Returns the heads that an entry without a list of heads may have stored, sorted by policy. */
  async findForEntry(entry: PublishedEntry): Promise<LiveRecord[]> {
    while (!this.isExhausted && this.after! < entry.at) await this.read()
    const found = [...this.waiting.values()].filter((record) => !this.names.has(headKey(record)) && mayHaveStored(entry, record))
    for (const record of found) this.waiting.delete(headKey(record))
    return found.sort((a, b) => (a.policy < b.policy ? -1 : 1))
  }

  private async read(): Promise<void> {
    const records = await this.client.get('/v1/history', { after: this.after, limit: HEADS_AT_ONCE })
    for (const record of records) if (record.storedAt <= this.until) this.waiting.set(headKey(record), record)
    this.after = records.at(-1)?.storedAt
    this.isExhausted = this.after === undefined || this.after > this.until
  }
}
