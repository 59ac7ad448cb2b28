import { HmsError } from '#libs/contracts'
import { createReadStream } from 'node:fs'
import type { ExportRecord } from './records.js'

/** Limit of a line; a head, a release with 16 signatures and a proof are far below it. */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024
const TYPES = new Set(['export', 'roster', 'entry', 'live', 'checkpoint'])

/** Yields the records of a file with their line number and end offset in bytes. Throws `HMS_EXPORT_MALFORMED` for an invalid line. */
export async function* readExport(file: string): AsyncGenerator<{ line: number; end: number; record: ExportRecord }, void, undefined> {
  let end = 0
  for await (const { line, text } of linesOf(file)) {
    end += Buffer.byteLength(text) + 1
    if (text.trim() !== '') yield { line, end, record: parse(text, file, line) }
  }
}

/**
 * Splits lines at LF only, because JSON may contain U+2028. Not with `readline`, which buffers a line of any length before it can be
 * refused.
 */
async function* linesOf(file: string): AsyncGenerator<{ line: number; text: string }, void, undefined> {
  let line = 1
  let text = ''
  for await (const chunk of createReadStream(file, 'utf8') as AsyncIterable<string>) {
    const [first = '', ...more] = chunk.split('\n')
    text += first
    if (text.length > MAX_LINE_CHARACTERS) throw malformed(file, line)
    for (const next of more) {
      yield { line, text }
      line++
      text = next
    }
  }
  yield { line, text }
}

function parse(text: string, file: string, line: number): ExportRecord {
  try {
    const record = JSON.parse(text) as ExportRecord | null
    if (record !== null && TYPES.has(record.type)) return record
  } catch {
    // Reported below, like every invalid line.
  }
  throw malformed(file, line)
}

function malformed(file: string, line: number): HmsError {
  return new HmsError('HMS_EXPORT_MALFORMED', `${file}:${line} is no record of an export: the file was cut or changed.`, {
    status: 400,
    next: ['hms-svc export --out ANOTHER-FILE'],
  })
}
