import { peekPredicate, type LiveRecord, type ReleaseRecord } from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import type { HeadPredicate } from '#libs/signing'
import { Controller, Get, Query } from '@nestjs/common'
import { LIVE_HEADS, LIVE_RELEASES } from '../heads/live-history.js'
import { LiveRecordsQueryDto } from './live-records.dto.js'

/** What comes at one time is never parted: a page that one bundle fills and passes is read on to its end. */
const LIMIT = 100
/** Behind it a page ends, for readers take no answer of any size. */
const PAGE_BYTES = 4 * 1024 * 1024

@Controller('v1/history')
export class LiveRecordsController {
  constructor(private readonly database: Database) {}

  /**
   * Every head that was ever live for all, with its releases and their proofs, by the time it was stored. The next page is asked for with
   * `after` = the last `storedAt`; heads of one time are never in two pages.
   */
  @Get()
  async list(@Query() { after, limit = LIMIT }: LiveRecordsQueryDto): Promise<LiveRecord[]> {
    return this.database.autocommit(async (tx) => {
      const found = await tx.documents(LIVE_HEADS).find({ orderBy: 'stored_at', after, limit: limit + 1 })
      const last = found.at(-1)?.storedAt
      const whole =
        found.length <= limit
          ? found
          : found[0]!.storedAt === last
            ? await tx.documents(LIVE_HEADS).find({ where: { stored_at: last! }, orderBy: 'stored_at' })
            : found.filter(({ storedAt }) => storedAt !== last)
      const records: LiveRecord[] = []
      let bytes = 0
      for (const head of whole) {
        if (bytes > PAGE_BYTES && head.storedAt !== records.at(-1)!.storedAt) break
        const held = peekPredicate<HeadPredicate>(head.head).next?.release
        const next = held === undefined ? null : { digest: held, ...(await keptOf(tx, held)) }
        const record = { ...head, ...(await keptOf(tx, head.digest)), next }
        records.push(record)
        bytes += JSON.stringify(record).length
      }
      return records
    })
  }
}

async function keptOf(tx: Transaction, digest: string | null): Promise<ReleaseRecord> {
  const kept = digest === null ? undefined : await tx.documents(LIVE_RELEASES).get(digest)
  const { release = null, proof = null, version = null, author = null, approvedBy = [] } = kept ?? {}
  return { release, proof, version, author, approvedBy }
}
