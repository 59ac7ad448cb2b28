import { peekPredicate, type AuditEntry, type Envelope, type EventData, type LiveRecord } from '#libs/contracts'
import { digestOfPayload, STABLE_SCOPE, type HeadPredicate } from '#libs/signing'

/** Head in an export: `revision` only if the log names it. */
export type ExportedHead = Omit<LiveRecord, 'revision'> & { revision?: number }

/** One line of an export. See docs/reference/export.md. */
export type ExportRecord =
  /** `at`: in files of earlier builds, whose heads are ordered by time and named by no event. */
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
  /** Time config-store stored them. */
  at: string
  run: number | null
  /** Smallest policy of the heads. */
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

/** Keeps the first report of each head: a head whose row was not believed is stored again. Adds the named heads to `named`. */
export function onceOnly({ heads, ...entry }: PublishedEntry, named: Set<string>): PublishedEntry {
  if (heads === undefined) return entry
  return {
    ...entry,
    heads: heads.filter((head) => {
      const isNew = !named.has(headKey(head))
      named.add(headKey(head))
      return isNew
    }),
  }
}

/** Whether this head may have been stored by an entry whose event was not kept. */
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

/** Converts a head of `/v1/history` for an export: members without a signature or log entry are left out. */
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
  /** Number of entries in the file. */
  entries: number
  /** Heads in the file, by `headKey`. */
  heads: Set<string>
}

export function startPosition(): ExportPosition {
  return { roster: 0, entries: 0, heads: new Set() }
}

/** Advances the position by one record. Mutates, because an export has millions. */
export function advance(position: ExportPosition, record: ExportRecord): void {
  switch (record.type) {
    case 'export':
      position.installation = record.installation
      return
    case 'roster':
      position.roster = record.version
      return
    case 'entry':
      position.entries = record.entry.index + 1
      return
    case 'live':
      position.heads.add(headKey(record.record))
      return
    case 'checkpoint':
      return
  }
}
