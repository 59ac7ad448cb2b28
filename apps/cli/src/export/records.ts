import { createReadStream } from 'node:fs'
import { HmsError, peekPredicate, type AuditEntry, type Envelope, type EventData, type LiveRecord } from '#libs/contracts'
import { digestOfPayload, STABLE_SCOPE, type HeadPredicate } from '#libs/signing'

/** Head in an export. It has a `revision` only if the log names it. */
export type ExportedHead = Omit<LiveRecord, 'revision'> & { revision?: number }

/** One line of an export. See docs/reference/export.md. */
export type ExportRecord =
  /** `at`: only in files of earlier builds, whose heads are ordered by time and not listed in events. */
  | { type: 'export'; v: 1; installation: string; at?: string }
  | { type: 'roster'; version: number; envelope: Envelope }
  /** `event`: signed by the service, if the log keeps it. */
  | { type: 'entry'; entry: AuditEntry; event?: Envelope }
  | { type: 'live'; record: ExportedHead }
  | { type: 'checkpoint'; size: number; note: string }

export const PUBLISHED = 'hms.head.published.v1'

/** Entry that reports stored heads. */
export interface PublishedEntry {
  index: number
  /** Time at which config-store stored the heads. */
  at: string
  run: number | null
  /** Smallest policy id of the heads. */
  key: string
  /** Heads that came into force, in order; `undefined` if an earlier build did not keep the event, or a canary published. */
  heads?: { policy: string; seq: number; revision: number; change?: string }[]
}

export function publishedIn({ index, at, run, key }: AuditEntry, event: Envelope | undefined): PublishedEntry {
  if (event === undefined) return { index, at, run, key }
  const { heads } = peekPredicate<{ data: EventData[typeof PUBLISHED] }>(event).data
  const stored = heads.filter(({ scope, applied }) => scope === STABLE_SCOPE && applied)
  return { index, at, run, key, heads: stored.map(({ policy, seq, revision, change }) => ({ policy, seq, revision, change })) }
}

/** Keeps the first report of each head: one whose row did not verify is stored and reported again. Adds their keys to `named`. */
export function withoutRepeatedHeads({ heads, ...entry }: PublishedEntry, named: Set<string>): PublishedEntry {
  if (heads === undefined) return entry
  const isFirst = (key: string): boolean => {
    const known = named.size
    return named.add(key).size > known
  }
  return { ...entry, heads: heads.filter((head) => isFirst(headKey(head))) }
}

/** Whether a head may be one of those that this entry, whose event was not kept, reports as stored. */
export function mayHaveStored(
  { at, run, key }: PublishedEntry,
  { policy, storedAt, head }: Pick<LiveRecord, 'policy' | 'storedAt' | 'head'>,
): boolean {
  const predicate = peekPredicate<HeadPredicate>(head)
  return at === storedAt && key <= policy && run === (predicate.next?.run ?? predicate.run ?? null)
}

export function headKey({ policy, seq }: { policy: string; seq: number }): string {
  return `${policy}:${seq}`
}

/** Converts a head of `/v1/history` for an export. Members that neither a signature nor the log covers are omitted. */
export function exportedHead(record: LiveRecord, logged: { revision: number; change?: string } | undefined): ExportedHead {
  const { revision: _revision, change, ...head } = record
  if (logged === undefined) return head
  const isNamed = change !== undefined && digestOfPayload(change) === logged.change
  return { ...head, revision: logged.revision, ...(isNamed ? { change } : {}) }
}

/** End position of a file, from which the next export continues. */
export interface ExportPosition {
  installation?: string
  /** Version of the last roster; 0 before the first. */
  roster: number
  entries: number
  /** Heads in the file, by `headKey`. */
  heads: Set<string>
}

export function startPosition(): ExportPosition {
  return { roster: 0, entries: 0, heads: new Set() }
}

/** Advances the position by one record. Mutates it, because an export may have millions of records. */
export function advance(position: ExportPosition, record: ExportRecord): void {
  if (record.type === 'export') position.installation = record.installation
  if (record.type === 'roster') position.roster = record.version
  if (record.type === 'entry') position.entries = record.entry.index + 1
  if (record.type === 'live') position.heads.add(headKey(record.record))
}

/** Limit of a line; a head, a release with 16 signatures and a proof are far below it. */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024
const TYPES = new Set(['export', 'roster', 'entry', 'live', 'checkpoint'])
const STARTS = [...TYPES].map((type) => `{"type":"${type}"`)

/** Yields the records with line and end offset. Throws `HMS_EXPORT_MALFORMED`. `isOpenEnded`: a half line at the end is ignored. */
export async function* readExport(
  file: string,
  isOpenEnded = false,
): AsyncGenerator<{ line: number; end: number; record: ExportRecord }, void, undefined> {
  let end = 0
  for await (const { line, text, isHalf } of linesOf(file)) {
    end += Buffer.byteLength(text) + 1
    if (isOpenEnded && isHalf && (line > 1 || STARTS.some((start) => start.startsWith(text) || text.startsWith(start)))) return
    if (text.trim() !== '') yield { line, end, record: parse(text, file, line) }
  }
}

/** Splits lines at LF only, because JSON may contain U+2028. `readline` would buffer a line of any length. */
async function* linesOf(file: string): AsyncGenerator<{ line: number; text: string; isHalf: boolean }, void, undefined> {
  let line = 1
  let text = ''
  for await (const chunk of createReadStream(file, 'utf8') as AsyncIterable<string>) {
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
