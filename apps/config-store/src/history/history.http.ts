import { type LiveRecord, peekPredicate, type PolicyHistoryEntry, type ReleaseRecord, withoutInternalReason } from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import { policyNotFound } from '../copy/document-copy.js'
import { RequireScope, Rosters, type AuthorizedRequest, linkNext, Paged } from '#libs/service'
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { HistoryQueryDto, LiveRecordsQueryDto } from './history.dto.js'
import { policyHistory } from './policy-history.js'
import { LIVE_HEADS } from '../heads/live-history.js'
import { headsBelow, recordOf, releaseOf } from './policy-at.js'
import type { HeadPredicate } from '#libs/signing'

@Controller('v1/policies/:id/history')
export class HistoryController {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
  ) {}

  /**
   * Returns the effective periods for all readers, newest first; the next page has `before` = the last `seq`. With `signed` each entry has
   * its proofs, and a page ends after 4 MiB.
   */
  @Get()
  @RequireScope('values')
  @Paged(undefined, { after: 'before' })
  async list(
    @Param('id') id: string,
    @Query() { limit, before, signed }: HistoryQueryDto,
    @Req() { actor }: AuthorizedRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PolicyHistoryEntry[]> {
    const entries = await this.database.transaction(async (tx) => {
      const found = await policyHistory(tx, id, { limit, before, roster: this.rosters.newest })
      const page = signed === 'true' ? await withRecords(tx, id, found) : found
      const last = page.at(-1)?.seq
      if (last !== undefined && (await headsBelow(tx, id, last, 1)).length > 0) linkNext(reply, last)
      return page
    })
    if (entries.length === 0 && before === undefined) throw policyNotFound(`No policy ${id} was ever in force.`)
    // Bots and partners get neither the internal reason nor rollout's statement, which contains it.
    return actor?.valuesOnly === true ? entries.map(({ change: _statement, ...entry }) => withoutInternalReason(entry)) : entries
  }
}

/** Size in bytes after which a page ends, because clients limit the size of a response. */
const PAGE_BYTES = 4 * 1024 * 1024

/** Returns entries with the head and the releases that prove each. A head's entries are never in two pages: the next begins below it. */
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

/** Default limit of heads per page. A page may exceed it: heads stored at the same time, as of a bundle, are never split. */
const LIMIT = 100

@Controller('v1/history')
export class LiveRecordsController {
  constructor(private readonly database: Database) {}

  /**
   * Returns every head that was ever live for all, with its releases and their proofs, in the order in which they were stored. The next
   * page has `after` = the last `storedAt`; heads of one time are never in two pages.
   */
  @Get()
  @RequireScope('records')
  @Paged(undefined, { after: 'after' })
  async list(
    @Query() { after, limit = LIMIT }: LiveRecordsQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LiveRecord[]> {
    return this.database.autocommit(async (tx) => {
      const found = await tx.documents(LIVE_HEADS).find({ orderBy: 'stored_at', after, limit: limit + 1 })
      const last = found.at(-1)?.storedAt
      const complete =
        found.length <= limit
          ? found
          : found[0]!.storedAt === last
            ? await tx.documents(LIVE_HEADS).find({ where: { stored_at: last! }, orderBy: 'stored_at' })
            : found.filter(({ storedAt }) => storedAt !== last)
      const records: LiveRecord[] = []
      let bytes = 0
      for (const head of complete) {
        if (bytes > PAGE_BYTES && head.storedAt !== records.at(-1)!.storedAt) break // guard: history-pages
        const nextDigest = peekPredicate<HeadPredicate>(head.head).next?.release
        const next = nextDigest === undefined ? null : { digest: nextDigest, ...(await recordOfRelease(tx, nextDigest)) }
        const record = { ...head, ...(await recordOfRelease(tx, head.digest)), next }
        records.push(record)
        bytes += JSON.stringify(record).length
      }
      const lastStored = records.at(-1)?.storedAt
      if (records.length < found.length && lastStored !== undefined) linkNext(reply, lastStored)
      return records
    })
  }
}

async function recordOfRelease(tx: Transaction, digest: string | null): Promise<ReleaseRecord> {
  const { release = null, proof = null, version = null, author = null, approvedBy = [] } = (await releaseOf(tx, digest)) ?? {}
  return { release, proof, version, author, approvedBy }
}
