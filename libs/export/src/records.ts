import { peekPredicate, type AuditEntry, type Envelope, type EventData, type LiveRecord } from '#libs/contracts'
import { digestOfPayload, STABLE_SCOPE } from '#libs/signing'

/** One line of an export. See docs/reference/export.md. */
export type ExportRecord =
  | { type: 'export'; v: 1; installation: string }
  | { type: 'roster'; version: number; envelope: Envelope }
  /** `event`: signed by the service, if the log keeps it. */
  | { type: 'entry'; entry: AuditEntry; event?: Envelope }
  | { type: 'live'; record: LiveRecord }
  /** Head that the log reports as stored, and the history does not have; in the place of its record. */
  | { type: 'missing'; head: { policy: string; seq: number } }
  | { type: 'checkpoint'; size: number; note: string }
  /** Last line of each response of `/v1/export`: `after` of the next request. */
  | { type: 'cursor'; cursor: string }

export const PUBLISHED = 'hms.head.published.v1'

/** Entry that reports stored heads. */
export interface PublishedEntry {
  /** Time at which config-store stored the heads. */
  at: string
  /** Heads that came into force for all, in order; none of a canary. `change`: digest of rollout's statement of why the head was issued. */
  heads: { policy: string; seq: number; revision: number; change?: string }[]
}

export function publishedIn({ at }: AuditEntry, event: Envelope | undefined): PublishedEntry {
  if (event === undefined) return { at, heads: [] }
  const { heads } = peekPredicate<{ data: EventData[typeof PUBLISHED] }>(event).data
  const stored = heads.filter(({ scope, applied }) => scope === STABLE_SCOPE && applied)
  return { at, heads: stored.map(({ policy, seq, revision, change }) => ({ policy, seq, revision, change })) }
}

/** Keeps the first report of each head and adds its key to `named`. A head whose row did not verify is stored and reported again. */
export function withoutRepeatedHeads({ at, heads }: PublishedEntry, named: Set<string>): PublishedEntry {
  const isFirst = (key: string): boolean => {
    const known = named.size
    return named.add(key).size > known
  }
  return { at, heads: heads.filter((head) => isFirst(headKey(head))) }
}

export function headKey({ policy, seq }: { policy: string; seq: number }): string {
  return `${policy}:${seq}`
}

/** Converts a head of `/v1/history` for an export. Members that neither a signature nor the log covers are omitted. */
export function exportedHead(record: LiveRecord, logged: { revision: number; change?: string }): LiveRecord {
  const { revision: _revision, change, ...head } = record
  const isNamed = change !== undefined && digestOfPayload(change) === logged.change
  return { ...head, revision: logged.revision, ...(isNamed ? { change } : {}) }
}

/** Position at which a pull of `/v1/export` ended. `leafHash`: leaf hash of the last entry, in hex, to detect another log. */
export interface ExportCursor {
  roster: number
  entries: number
  leafHash: string
}

const CURSOR = /^1-(\d{1,9})-([1-9]\d{0,14})-([0-9a-f]{64})$/

export function formatCursor({ roster, entries, leafHash }: ExportCursor): string {
  return `1-${roster}-${entries}-${leafHash}`
}

export function parseCursor(text: string): ExportCursor | undefined {
  const [, roster, entries, leafHash] = CURSOR.exec(text) ?? []
  return leafHash === undefined ? undefined : { roster: Number(roster), entries: Number(entries), leafHash }
}

/** End position of a file, from which the next export continues. */
export interface ExportPosition {
  installation?: string
  /** Version of the last roster; 0 before the first. */
  roster: number
  entries: number
  /** Heads in the file, by `headKey`. */
  heads: Set<string>
  /** Leaf hash of the last entry, in hex. */
  leafHash?: string
}

export function startPosition(): ExportPosition {
  return { roster: 0, entries: 0, heads: new Set() }
}

/** Advances the position by one record. Mutates it, because an export may have millions of records. */
export function advance(position: ExportPosition, record: ExportRecord): void {
  if (record.type === 'export') position.installation = record.installation
  if (record.type === 'roster') position.roster = record.version
  if (record.type === 'entry') {
    position.entries = record.entry.index + 1
    position.leafHash = record.entry.leafHash
  }
  if (record.type === 'live') position.heads.add(headKey(record.record))
}
