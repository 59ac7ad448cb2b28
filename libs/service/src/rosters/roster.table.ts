import { ROSTERS_AT_ONCE, type RosterStep } from '#libs/contracts'
import { columns, documentTable, type Transaction } from '#libs/persistence'
import type { Roster } from '#libs/signing'

/** Verified rosters: a restarted service continues from the newest, whatever version is pinned. They are verified again when read. */
export const ROSTERS = documentTable<RosterStep>({
  name: 'roster',
  id: ({ version }) => String(version),
  keys: columns({ version: 'bigint' }),
  indexes: [['version']],
})

/** Returns the rosters after version `since`, oldest first. */
export function rostersAfter(tx: Transaction, since: number, limit = ROSTERS_AT_ONCE): Promise<RosterStep[]> {
  return tx.documents(ROSTERS).find({ orderBy: 'version', after: since, limit })
}

export async function putRoster(tx: Transaction, { version, envelope }: Roster): Promise<void> {
  await tx.documents(ROSTERS).put({ version, envelope })
}
