import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HmsError } from '#libs/contracts'
import type { ExportRecord } from '#libs/export'

/** Name of a file of `export --follow`: the day (UTC) on which it was pulled. */
const DAY = /^\d{4}-\d\d-\d\d\.ndjson$/

/** Returns the files of an export in order: the file itself, or the days in a folder. */
export async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  return (await readdir(path))
    .filter((name) => DAY.test(name))
    .sort()
    .map((name) => join(path, name))
}

/** Limit of a line; a head, a release with 16 signatures and a proof are far below it. */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024
const TYPES = new Set(['export', 'roster', 'entry', 'live', 'missing', 'checkpoint', 'cursor'])
const STARTS = [...TYPES].map((type) => `{"type":"${type}"`)

/** Yields the records with line and end offset. Throws `HMS_EXPORT_MALFORMED`. `isOpenEnded`: a half line at the end is ignored. */
export async function* readExport(
  file: string,
  isOpenEnded = false,
): AsyncGenerator<{ line: number; end: number; record: ExportRecord }, void, undefined> {
  let end = 0
  for await (const { line, text, isHalf } of linesOf(createReadStream(file, 'utf8') as AsyncIterable<string>, file)) {
    end += Buffer.byteLength(text) + 1
    if (isOpenEnded && isHalf && (line > 1 || STARTS.some((start) => start.startsWith(text) || text.startsWith(start)))) return
    if (text.trim() !== '') yield { line, end, record: parse(text, file, line) }
  }
}

/** Splits lines at LF only, because JSON may contain U+2028. `readline` would buffer a line of any length. */
export async function* linesOf(
  chunks: AsyncIterable<string>,
  file: string,
): AsyncGenerator<{ line: number; text: string; isHalf: boolean }, void, undefined> {
  let line = 1
  let text = ''
  for await (const chunk of chunks) {
    const [first = '', ...more] = chunk.split('\n')
    text += first
    if (text.length > MAX_LINE_CHARACTERS) throw malformed(file, line)
    for (const next of more) {
      yield { line, text, isHalf: false }
      line++
      text = next
    }
  }
  yield { line, text, isHalf: true }
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
  const detail = `${file}:${line} is not a record of an export: the file was truncated or changed.`
  return new HmsError('HMS_EXPORT_MALFORMED', detail, { status: 400, next: ['hms-svc export --out ANOTHER-FILE'] })
}
