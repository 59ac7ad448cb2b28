import { action, HmsError, withoutInternalReason, type PolicyHistoryEntry } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { RequireScope, Rosters, type AuthorizedRequest } from '#libs/service'
import { Controller, Get, Param, Query, Req } from '@nestjs/common'
import { HistoryQueryDto } from './history.dto.js'
import { policyHistory } from './policy-history.js'
import { withRecords } from './with-records.js'

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
