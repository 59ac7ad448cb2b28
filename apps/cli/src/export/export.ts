import { existsSync } from 'node:fs'
import { open, stat, truncate } from 'node:fs/promises'
import type { ApiClient } from '#libs/client'
import { EXIT, HmsError, printableJson } from '#libs/contracts'
import { advance, headKey, newRecords, startPosition, type ExportEnd, type ExportPosition, type ExportRecord } from '#libs/export'
import { isTimestamp } from '#libs/policy'
import { openNote, readCheckpoint, readRoster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { shellWords, usageError } from '../errors.js'
import type { EXPORT, FlagsOf } from '../verbs/options.js'
import { checkExport } from './check-export.js'
import { followExport } from './follow-export.js'
import { readExport } from './read-export.js'

/** Maximum number of missing heads that are named. */
const MAX_NAMED = 10

/** Exports all decisions and every document ever in force in scope global, with proofs, as NDJSON; an existing file is continued. */
export async function exportRecords(context: CliContext, options: FlagsOf<typeof EXPORT>): Promise<number> {
  if (options.check !== undefined) return checkExport(context, options.check)
  if (options.follow !== undefined) return followExport(context, options.follow)
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
    const end = await endFor(client, position)
    const source = {
      rosters: (version: number) => client.get('/v1/roster', version === 0 ? {} : { since: version }),
      entries: (page: object) => client.get('/v1/audit/entries', { ...page, signed: true }),
      history: (page: object) => client.get('/v1/history', page),
    }
    for await (const record of newRecords(source, position, end, { sinceMs })) {
      if (record.type === 'missing') lost.push(headKey(record.head))
      const line = `${printableJson(record)}\n`
      if (file === undefined) context.io.stdout.write(line)
      else await file.appendFile(line) // guard: export-whole-lines
      records++
    }
    await file?.sync()
    for (const head of lost.slice(0, MAX_NAMED))
      context.output.note(`The log reports ${head} as stored, but the history of config-store does not have it: hms-svc audit verify`)
    if (out !== undefined) {
      const summary = `${out}: ${records} more records, ${position.entries} entries of the log in all`
      context.output.result({ file: out, records, entries: position.entries, from: before }, [summary])
      // The check starts at the first entry of the log.
      if (since === undefined) context.output.note(`  next: hms-svc export --check ${shellWords([out])}`)
    }
    return EXIT.done
  } finally {
    await file?.close()
  }
}

/** Returns the published checkpoint. Throws `HMS_EXPORT_BEHIND` if it is of another installation or log than the file. */
async function endFor(client: ApiClient, position: ExportPosition): Promise<ExportEnd> {
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
  return { size, note }
}

/** Returns the position at the last checkpoint, and cuts off lines of a killed export after it. Throws for a file that is no export. */
async function positionOf(file: string): Promise<ExportPosition> {
  const position = startPosition()
  let end = 0
  const open: ExportRecord[] = []
  for await (const { record, end: at } of readExport(file, true)) {
    open.push(record)
    if (record.type !== 'checkpoint' && record.type !== 'cursor') continue
    for (const each of open.splice(0)) advance(position, each)
    end = at
  }
  if ((await stat(file)).size > end) await truncate(file, end)
  return position
}

function cannotContinue(detail: string, next: string): HmsError {
  return new HmsError('HMS_EXPORT_BEHIND', detail, { status: 409, next: [next] })
}
