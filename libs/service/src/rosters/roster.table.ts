import type { RosterStep } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'
import type { Roster } from '#libs/signing'

/**
 * Every service keeps the rosters that it verified, so that after a restart it stands where it stood, whatever version it is pinned to.
 * They are verified again when they are read.
 */
export const ROSTERS = documentTable<RosterStep>({
  name: 'roster',
  id: ({ version }) => String(version),
  keys: { version: { type: 'bigint', of: ({ version }) => version } },
  indexes: [['version']],
})

/** Rosters in one read, and in one answer. */
export const ROSTERS_AT_ONCE = 100

/** Oldest first, after version `since`. */
export function rostersAfter(tx: Transaction, since: number): Promise<RosterStep[]> {
  return tx.documents(ROSTERS).find({ orderBy: 'version', after: since, limit: ROSTERS_AT_ONCE })
}

export async function keepRoster(tx: Transaction, { version, envelope }: Roster): Promise<void> {
  await tx.documents(ROSTERS).put({ version, envelope })
}
