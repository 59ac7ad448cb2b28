import { HmsError } from '#libs/contracts'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { ExportRecord } from './records.js'

/** A head, a release with 16 signatures and a proof are far below it. */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024
const TYPES = new Set(['export', 'roster', 'entry', 'live', 'checkpoint'])

/** Lines of a file, one after the other, with their number. Throws `HMS_EXPORT_MALFORMED` for one that is none of ours. */
export async function* readExport(file: string): AsyncGenerator<{ line: number; record: ExportRecord }, void, undefined> {
  let line = 0
  for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    line++
    if (text !== '') yield { line, record: parse(text, file, line) }
  }
}

function parse(text: string, file: string, line: number): ExportRecord {
  try {
    if (text.length <= MAX_LINE_CHARACTERS) {
      const record = JSON.parse(text) as ExportRecord | null
      if (record !== null && TYPES.has(record.type)) return record
    }
  } catch {
    // Said below, like every line that is no record.
  }
  throw new HmsError('HMS_EXPORT_MALFORMED', `${file}:${line} is no record of an export: the file was cut or changed.`, {
    status: 400,
    next: ['hms-svc export --out ANOTHER-FILE'],
  })
}
