import type { ApiClient } from '#libs/client'
import { EXIT, HmsError, printableJson } from '#libs/contracts'
import { openNote, readCheckpoint, readRoster } from '#libs/signing'
import { existsSync } from 'node:fs'
import { open, truncate, type FileHandle } from 'node:fs/promises'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { checkExport } from './check-export.js'
import { headsOfEntries } from './heads-of-entries.js'
import { readExport } from './read-export.js'
import {
  advance,
  onceOnly,
  PUBLISHED,
  publishedIn,
  startPosition,
  type ExportPosition,
  type ExportRecord,
  type PublishedEntry,
} from './records.js'

export interface ExportOptions {
  since?: string
  out?: string
  check?: string
}

const ENTRIES_AT_ONCE = 1_000
/** Limit of missing heads that are named. */
const MAX_NAMED = 10

/** Exports all decisions and every document that was ever live for all, with proofs, as NDJSON; an existing file is continued. */
export async function exportRecords(context: CliContext, options: ExportOptions): Promise<number> {
  if (options.check !== undefined) return checkExport(context, options.check)
  const { out, since } = options
  const sinceMs = since === undefined ? undefined : Date.parse(since)
  if (Number.isNaN(sinceMs)) throw usageError(`--since ${since} is no time; write it as 2026-01-31T00:00:00Z`)
  if (since !== undefined && out !== undefined && existsSync(out))
    throw usageError(`${out} is gone on with where it ended; --since is for a new file`)
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
      context.output.note(`The log says that ${head} was stored, and the history of config-store does not have it: hms-svc audit verify`)
    if (out !== undefined) {
      const said = `${out}: ${records} more records, ${position.entries} entries of the log in all`
      context.output.result({ file: out, records, entries: position.entries, from: before }, [said])
      context.output.note(`  next: hms-svc export --check ${out}`)
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
    if (installation !== position.installation) throw otherInstallation(installation, position.installation)
  }
  if (size < position.entries)
    throw new HmsError(
      'HMS_EXPORT_BEHIND',
      `The log has ${size} entries under its checkpoint, and this file holds ${position.entries}: it is another log, or went back.`,
      { status: 409, next: ['hms-svc audit verify'] },
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
    if (entries.length === 0) throw missingEntry(position.entries)
    for (const { signed: event, ...entry } of entries) {
      skipping &&= Date.parse(entry.at) < sinceMs!
      const record: ExportRecord = { type: 'entry', entry, ...(event === undefined ? {} : { event }) }
      advance(position, record)
      if (skipping) continue
      yield record
      if (entry.type === PUBLISHED) published.push(onceOnly(publishedIn(entry, event), named))
    }
  }
  const isKnown = (key: string): boolean => position.heads.has(key)
  for await (const record of headsOfEntries(client, published, { isKnown, missing })) yield emit({ type: 'live', record })
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

/**
 * Drops lines that a killed export left after the last checkpoint: no checkpoint covers them, and they are exported again under the next
 * one.
 */
async function positionOf(file: string): Promise<ExportPosition> {
  await dropHalfLine(file)
  const position = startPosition()
  let end = 0
  const open: ExportRecord[] = []
  for await (const { record, end: at } of readExport(file)) {
    open.push(record)
    if (record.type !== 'checkpoint') continue
    for (const each of open.splice(0)) advance(position, each)
    end = at
  }
  if (open.length > 0) await truncate(file, end)
  return position
}

async function dropHalfLine(file: string): Promise<void> {
  const handle: FileHandle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const buffer = Buffer.alloc(64 * 1024)
    for (let end = size; end > 0;) {
      const start = Math.max(0, end - buffer.length)
      const { bytesRead } = await handle.read(buffer, 0, end - start, start)
      const at = buffer.subarray(0, bytesRead).lastIndexOf(0x0a)
      if (at >= 0) return start + at + 1 === size ? undefined : await truncate(file, start + at + 1)
      end = start
    }
    await truncate(file, 0)
  } finally {
    await handle.close()
  }
}

function missingEntry(index: number): HmsError {
  return new HmsError('HMS_EXPORT_ENTRY_MISSING', `The log does not give entry ${index}, which its checkpoint covers.`, {
    status: 502,
    next: ['hms-svc audit verify'],
  })
}

function otherInstallation(found: string, known: string): HmsError {
  return new HmsError('HMS_EXPORT_BEHIND', `The file is of installation ${known}, and these services are of ${found}.`, {
    status: 409,
    next: ['hms-svc export --out ANOTHER-FILE'],
  })
}
