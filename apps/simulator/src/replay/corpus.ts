import { isObject, notInterchangeable, type Json, type JsonObject } from '#libs/contracts'
import { inexactNumber, isExact } from '#libs/policy'
import { CsvError, csvRecords } from './csv.js'
import type { Reading } from './reading.js'

export const CORPUS_LIMITS = {
  bytes: 32 * 1024 * 1024,
  rows: 200_000,
  rowChars: 65_536,
  rowFields: 1_000,
  depth: 32,
  problems: 20,
} as const

export type CorpusProblemCode =
  | 'HMS_CORPUS_TOO_LARGE'
  | 'HMS_CORPUS_TOO_MANY_ROWS'
  | 'HMS_CORPUS_NOT_UTF8'
  | 'HMS_CORPUS_EMPTY'
  | 'HMS_CORPUS_HEADER'
  | 'HMS_CORPUS_MAP'
  | 'HMS_CORPUS_ROW'
  | 'HMS_CORPUS_DUPLICATE_ID'

/** `row` is the 1-based data row (the header does not count); absent when the file as a whole is refused. */
export interface CorpusProblem {
  code: CorpusProblemCode
  row?: number
  message: string
}

export interface CorpusOptions {
  /** The corpus id; rows without an `id` are named `<id>:<row>`. */
  id: string
  format: 'csv' | 'jsonl'
  /** Reading field → column of the file. Unmapped columns keep their own name. */
  map?: Readonly<Record<string, string>>
}

export interface ParsedCorpus {
  readings: Reading[]
  /** If not empty, the corpus must not be registered. Lists the first 20 at most. */
  problems: CorpusProblem[]
}

/** Parses the bytes of a corpus file into readings. Reports invalid input as `problems`; never throws. */
export function parseCorpus(bytes: Uint8Array, options: CorpusOptions): ParsedCorpus {
  const found = new Found(options.id)
  if (bytes.byteLength > CORPUS_LIMITS.bytes) {
    found.problem('HMS_CORPUS_TOO_LARGE', `${bytes.byteLength} bytes; at most ${CORPUS_LIMITS.bytes}`)
    return found.result()
  }
  const text = decode(bytes)
  if (text === null) found.problem('HMS_CORPUS_NOT_UTF8', 'the file is not UTF-8 text')
  else if (options.format === 'csv') readCsv(text, options.map ?? {}, found)
  else readJsonLines(text, options.map ?? {}, found)
  if (!found.rows && !found.problems.length) found.problem('HMS_CORPUS_EMPTY', 'the file holds no reading')
  return found.result()
}

function readCsv(text: string, map: Readonly<Record<string, string>>, found: Found): void {
  if (/^\s*[[{]/.test(text)) return found.problem('HMS_CORPUS_HEADER', 'this is JSON: write one object per line to a file .jsonl')
  const records = csvRecords(text, { maxChars: CORPUS_LIMITS.rowChars, maxFields: CORPUS_LIMITS.rowFields })
  try {
    const header = records.next()
    if (header.done) return
    const fields = fieldNames(header.value, map, found)
    if (!fields) return
    for (const record of records) {
      if (!found.nextRow()) return
      if (record.length !== fields.length) {
        found.problem('HMS_CORPUS_ROW', `${record.length} fields where the header has ${fields.length}`, found.rows)
        continue
      }
      const facts: JsonObject = {}
      for (const [index, cell] of record.entries()) {
        // An empty cell is a fact that was not recorded, so the reading does not have it.
        if (cell !== '') facts[fields[index] as string] = cellValue(fields[index] as string, cell)
      }
      found.reading(facts)
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    if (error.row === 0) found.problem('HMS_CORPUS_HEADER', error.message)
    else found.problem('HMS_CORPUS_ROW', error.message, error.row)
  }
}

function readJsonLines(text: string, map: Readonly<Record<string, string>>, found: Found): void {
  const renamed = new Map(Object.entries(map).map(([field, column]) => [column, field]))
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    if (!found.nextRow()) return
    if (line.length > CORPUS_LIMITS.rowChars) {
      found.problem('HMS_CORPUS_ROW', `longer than ${CORPUS_LIMITS.rowChars} characters`, found.rows)
      continue
    }
    const value = parseLine(line)
    if (typeof value === 'string') found.problem('HMS_CORPUS_ROW', value, found.rows)
    else found.reading(Object.fromEntries(Object.entries(value).map(([key, fact]) => [renamed.get(key) ?? key, fact])))
  }
}

/** Returns the reading fields in column order, or null if header and map do not fit. */
function fieldNames(header: string[], map: Readonly<Record<string, string>>, found: Found): string[] | null {
  if (header.length === 1 && /[;\t|]/.test(header[0]!))
    found.problem('HMS_CORPUS_HEADER', `the only column is ${JSON.stringify(header[0])}: separate fields by commas`)
  for (const [field, column] of Object.entries(map)) {
    if (header.includes(column)) continue
    found.problem('HMS_CORPUS_MAP', `${field}=${column}: the file has no column ${column}; it has ${header.join(', ')}`)
  }
  const renamed = new Map(Object.entries(map).map(([field, column]) => [column, field]))
  const fields = header.map((column) => renamed.get(column) ?? column)
  const seen = new Set<string>()
  for (const [index, field] of fields.entries()) {
    if (field === '' || field === '__proto__') found.problem('HMS_CORPUS_HEADER', `column ${index + 1} has no usable name`)
    else if (seen.size === seen.add(field).size) found.problem('HMS_CORPUS_HEADER', `two columns give the field ${field}`)
  }
  return found.problems.length ? null : fields
}

const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Converts strict decimals to numbers. A leading zero, or more digits than a double stores, marks an identifier, which stays text. */
function cellValue(field: string, cell: string): string | number {
  if (field === 'id' || field === 'at' || field === 'region' || !DECIMAL.test(cell)) return cell
  const value = Number(cell)
  if (!isExact(cell, value)) return cell
  return value === 0 ? 0 : value
}

/** Parses the object of a line, or returns why it is refused. */
function parseLine(line: string): JsonObject | string {
  try {
    const value = JSON.parse(line) as Json
    if (!isObject(value)) return 'not a JSON object'
    if (isDeeper(value, CORPUS_LIMITS.depth)) return `deeper than ${CORPUS_LIMITS.depth} levels`
    const inexact = inexactNumber(line)
    if (inexact !== undefined) return `${inexact} has more digits than a number holds; round it, or quote it to make it a text`
    return notInterchangeable(value)?.detail ?? value
  } catch {
    return 'not a JSON object'
  }
}

/** Whether a value is nested deeper than `levels`. Recursion stops there: 30,000 levels of a line would exceed the stack. */
function isDeeper(value: Json | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((child) => isDeeper(child, levels - 1))
}

function decode(bytes: Uint8Array): string | null {
  try {
    // TextDecoder drops a leading byte order mark.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

class Found {
  readonly problems: CorpusProblem[] = []
  readonly #readings: Reading[] = []
  readonly #ids = new Set<string>()
  rows = 0

  constructor(private readonly corpus: string) {}

  /** Counts one more data row. Returns `false` if there are too many rows, or enough problems to stop. */
  nextRow(): boolean {
    if (this.problems.length >= CORPUS_LIMITS.problems) return false
    this.rows += 1
    if (this.rows <= CORPUS_LIMITS.rows) return true
    this.problem('HMS_CORPUS_TOO_MANY_ROWS', `more than ${CORPUS_LIMITS.rows} rows`, this.rows)
    return false
  }

  reading(facts: JsonObject): void {
    const id = facts['id'] === undefined ? `${this.corpus}:${this.rows}` : textOf(facts['id'])
    if (this.#ids.has(id)) this.problem('HMS_CORPUS_DUPLICATE_ID', `the id ${id} was used by an earlier row`, this.rows)
    this.#ids.add(id)
    this.#readings.push({ ...facts, id, at: textOf(facts['at']), region: textOf(facts['region']) })
  }

  problem(code: CorpusProblemCode, message: string, row?: number): void {
    this.problems.push(row === undefined ? { code, message } : { code, row, message })
  }

  result(): ParsedCorpus {
    return { readings: this.problems.length ? [] : this.#readings, problems: this.problems }
  }
}

function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  // Reports are canonical JSON, which has no form for a lone surrogate.
  return typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value)
}
