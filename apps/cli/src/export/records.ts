import type { AuditEntry, Envelope, LiveRecord } from '#libs/contracts'

/** One line of an export. What it means: docs/reference/export.md. */
export type ExportRecord =
  | { type: 'export'; v: 1; installation: string; at: string }
  | { type: 'roster'; version: number; envelope: Envelope }
  | ({ type: 'entry'; entry: AuditEntry } & object)
  | { type: 'live'; record: LiveRecord }
  | { type: 'checkpoint'; size: number; note: string }

/** Where a file ends, for the next export to go on from. */
export interface ExportPosition {
  installation?: string
  /** Version of the last roster; 0 before the first. */
  roster: number
  /** Entries that it holds. */
  entries: number
  /** Heads, as `policy:seq`, and the time of the newest. */
  heads: Set<string>
  liveUntil?: string
}

export function startPosition(): ExportPosition {
  return { roster: 0, entries: 0, heads: new Set() }
}

/** The position after one more record. Mutates: an export has millions. */
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
    case 'live': {
      const { policy, seq, storedAt } = record.record
      position.heads.add(`${policy}:${seq}`)
      if (position.liveUntil === undefined || position.liveUntil < storedAt) position.liveUntil = storedAt
      return
    }
    case 'checkpoint':
      return
  }
}
