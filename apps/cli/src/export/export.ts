import type { ApiClient } from '#libs/client'
import { EXIT, HmsError, printableJson, type AuditEntry, type LiveRecord, type RosterStep } from '#libs/contracts'
import { openNote, readCheckpoint, readRoster } from '#libs/signing'
import { existsSync } from 'node:fs'
import { open, truncate, type FileHandle } from 'node:fs/promises'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { checkExport } from './check-export.js'
import { readExport } from './read-export.js'
import { advance, startPosition, type ExportPosition, type ExportRecord } from './records.js'

export interface ExportOptions {
  since?: string
  out?: string
  check?: string
}

const ENTRIES_AT_ONCE = 1_000
const HEADS_AT_ONCE = 100
/** Heads that other transactions stored meanwhile may carry an earlier time; they are asked for again, and written once. */
const OVERLAP_MS = 10 * 60 * 1000

/** Everything decided and every document that was ever live for all, with proofs, as NDJSON; a file is gone on with where it ended. */
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
    for await (const record of newRecords(client, position, sinceMs, new Date(context.io.now()).toISOString())) {
      const line = `${printableJson(record)}\n`
      if (file === undefined) context.io.stdout.write(line)
      else await file.write(line)
      records++
    }
    await file?.sync()
    if (out !== undefined) {
      const said = `${out}: ${records} more records, ${position.entries} entries of the log in all`
      context.output.deed({ file: out, records, entries: position.entries, from: before }, [said])
      context.output.note(`  next: hms-svc export --check ${out}`)
    }
    return EXIT.done
  } finally {
    await file?.close()
  }
}

/** Up to the checkpoint that is published now, which comes last. */
async function* newRecords(
  client: ApiClient,
  position: ExportPosition,
  sinceMs: number | undefined,
  at: string,
): AsyncGenerator<ExportRecord, void, undefined> {
  const emit = (record: ExportRecord): ExportRecord => {
    advance(position, record)
    return record
  }
  const note = (await client.bytes('/checkpoint')).toString('utf8')
  const { size } = readCheckpoint(openNote(note).body)
  for await (const record of rostersAfter(client, position, at)) yield emit(record)
  if (size < position.entries)
    throw new HmsError(
      'HMS_EXPORT_BEHIND',
      `The log has ${size} entries under its checkpoint, and this file holds ${position.entries}: it is another log, or went back.`,
      { status: 409, next: ['hms-svc audit verify'] },
    )
  let skipping = sinceMs !== undefined
  while (position.entries < size) {
    const limit = Math.min(ENTRIES_AT_ONCE, size - position.entries)
    const entries = await client.get<AuditEntry[]>('/v1/audit/entries', {
      after: position.entries === 0 ? undefined : position.entries - 1,
      limit,
    })
    if (entries.length === 0) throw missing(position.entries)
    for (const entry of entries) {
      skipping &&= Date.parse(entry.at) < sinceMs!
      const record: ExportRecord = { type: 'entry', entry }
      advance(position, record)
      if (!skipping) yield record
    }
  }
  for await (const record of liveAfter(client, position, sinceMs)) yield emit(record)
  yield { type: 'checkpoint', size, note }
}

async function* rostersAfter(client: ApiClient, position: ExportPosition, at: string): AsyncGenerator<ExportRecord, void, undefined> {
  for (;;) {
    const steps = await client.get<RosterStep[]>('/v1/roster', position.roster === 0 ? {} : { since: position.roster })
    for (const { version, envelope } of steps) {
      const { installation } = readRoster(envelope)
      if (position.installation === undefined) yield { type: 'export', v: 1, installation, at }
      else if (position.installation !== installation) throw otherInstallation(installation, position.installation)
      yield { type: 'roster', version, envelope }
    }
    if (steps.length === 0) return
  }
}

async function* liveAfter(
  client: ApiClient,
  { heads, liveUntil }: ExportPosition,
  sinceMs: number | undefined,
): AsyncGenerator<ExportRecord, void, undefined> {
  let after = liveUntil === undefined ? undefined : new Date(Date.parse(liveUntil) - OVERLAP_MS).toISOString()
  if (liveUntil === undefined && sinceMs !== undefined) after = new Date(sinceMs).toISOString()
  for (;;) {
    const records = await client.get<LiveRecord[]>('/v1/history', { after, limit: HEADS_AT_ONCE })
    for (const record of records) if (!heads.has(`${record.policy}:${record.seq}`)) yield { type: 'live', record }
    if (records.length === 0) return
    after = records.at(-1)!.storedAt
  }
}

/** What a killed export left of a last line goes: it was never whole. */
async function positionOf(file: string): Promise<ExportPosition> {
  await dropHalfLine(file)
  const position = startPosition()
  for await (const { record } of readExport(file)) advance(position, record)
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

function missing(index: number): HmsError {
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
