import { action, HmsError, type PolicyHistoryEntry, withoutInternalReason } from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import { RequireScope, Rosters, type AuthorizedRequest } from '#libs/service'
import { Controller, Get, Param, Query, Req } from '@nestjs/common'
import { HistoryQueryDto } from './history.dto.js'
import { policyHistory } from './policy-history.js'
import { LIVE_HEADS } from '../heads/live-history.js'
import { recordOf } from './policy-at.js'

@Controller('v1/policies/:id/history')
export class HistoryController {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
  ) {}

  /**
   * What was in force for all, the newest first; the next page is asked for with `before` = the last `seq`. With `signed` each entry has
   * what proves it, and a page ends behind 4 MiB.
   */
  @Get()
  @RequireScope('values')
  async list(
    @Param('id') id: string,
    @Query() { limit, before, signed }: HistoryQueryDto,
    @Req() { actor }: AuthorizedRequest,
  ): Promise<PolicyHistoryEntry[]> {
    const entries = await this.database.transaction(async (tx) => {
      const found = await policyHistory(tx, id, { limit, before, roster: this.rosters.newest })
      return signed === 'true' ? withRecords(tx, id, found) : found
    })
    if (entries.length > 0 || before !== undefined) return actor?.valuesOnly === true ? entries.map(outsideEntry) : entries
    const next = [action('approve')]
    throw new HmsError('HMS_POLICY_NOT_FOUND', `No policy ${id} was ever in force.`, { status: 404, next })
  }
}

/** An entry for bots and partners: rollout's statement has the internal reason. */
function outsideEntry({ change: _statement, ...entry }: PolicyHistoryEntry): PolicyHistoryEntry {
  return withoutInternalReason(entry)
}

/** Behind it a page ends, for readers take no answer of any size. */
const PAGE_BYTES = 4 * 1024 * 1024

/** Entries with the head and the releases that prove each. Entries of one head are never parted, for the next page begins below it. */
export async function withRecords(tx: Transaction, policy: string, entries: readonly PolicyHistoryEntry[]): Promise<PolicyHistoryEntry[]> {
  const found: PolicyHistoryEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    const last = found.at(-1)
    if (bytes > PAGE_BYTES && entry.seq !== last?.seq) break
    const head = await tx.documents(LIVE_HEADS).get(`${policy}:${entry.seq}`)
    const record = entry.seq === last?.seq ? last.record : head && (await recordOf(tx, policy, head))
    found.push(record === undefined ? entry : { ...entry, record })
    bytes += JSON.stringify(found.at(-1)).length
  }
  return found
}
