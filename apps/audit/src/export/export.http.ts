import { HmsError, printableJson, type LiveRecord } from '#libs/contracts'
import { formatCursor, newRecords, parseCursor, startPosition, type ExportEnd, type ExportPosition } from '#libs/export'
import { Database, type Transaction } from '#libs/persistence'
import { Clock, describeError, Logger, Slots } from '#libs/platform'
import { CONFIG_STORE_URLS, PeerReads, RequireScope, Rosters, rostersAfter } from '#libs/service'
import { Controller, Get, Header, Inject, Query, StreamableFile } from '@nestjs/common'
import { Readable } from 'node:stream'
import { ExportQueryDto } from '../entries/entries.dto.js'
import { EntryStore } from '../entries/entry.store.js'
import { recordedEntry } from '../entries/entry.js'
import { notYet } from '../log/log.http.js'
import { TreeStore } from '../log/tree.store.js'

/** An entry may contain an approval with all its releases. */
const ENTRIES_AT_ONCE = 200
const MAX_PULLS = 8
/** Time in ms after which a response is broken off, however slowly its client reads; the client resumes at its last cursor. */
const DEADLINE_MS = 300_000
/** A page of the history ends after 4 MiB, but never within the heads of a bundle. */
const HISTORY_BOUNDS = { maxBytes: 64 * 1024 * 1024, timeoutMs: 10_000 }
const ROTATED = 'hms.roster.rotated.v1'

type HistoryPage = { after: string | undefined; limit: number }

/** Streams the record of this installation to a central repository, in the form of `hms-svc export`. */
@Controller('v1/export')
export class ExportController {
  private readonly pulls = new Slots(MAX_PULLS, 'pulls of the export')

  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly entries: EntryStore,
    private readonly tree: TreeStore,
    private readonly peers: PeerReads,
    @Inject(CONFIG_STORE_URLS) private readonly configStoreUrls: readonly string[],
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /**
   * Streams everything decided and every document that was ever live, with proofs, as NDJSON. The last line has the `cursor` of the next
   * request; a response without one broke off. A response ends at a checkpoint, after about `limit` entries.
   */
  @Get()
  @RequireScope('records')
  @Header('content-type', 'application/x-ndjson')
  async pull(@Query() { after, limit }: ExportQueryDto): Promise<StreamableFile> {
    const { position, end } = await this.database.transaction(async (tx) => {
      const position = await this.positionAt(tx, after)
      return { position, end: await this.endAfter(tx, position, limit) }
    })
    const release = this.pulls.take()
    const stream = Readable.from(this.linesOf(position, end))
    const cancel = this.clock.after(DEADLINE_MS, () => stream.destroy(new Error('the deadline of a pull has passed')))
    stream.once('error', (error) => this.log.warn({ error: describeError(error) }, 'a pull of the export broke off'))
    stream.once('close', () => {
      cancel()
      release()
    })
    return new StreamableFile(stream)
  }

  /** Throws 400 for a malformed cursor, and 409 for one of an entry that this log does not have. */
  private async positionAt(tx: Transaction, after: string | undefined): Promise<ExportPosition> {
    if (after === undefined) return startPosition()
    const cursor = parseCursor(after)
    if (cursor === undefined)
      throw new HmsError('HMS_EXPORT_CURSOR', '`after` is not the cursor of an export.', { status: 400, next: ['GET /v1/export'] })
    const [last] = await this.tree.hashes(tx, 0, cursor.entries - 1, cursor.entries)
    // guard: export-cursor-of-this-log
    if (last === undefined || Buffer.from(last).toString('hex') !== cursor.leafHash) {
      const detail = `The cursor is after entry ${cursor.entries - 1} of another log, or of a newer state of this one: it was restored.`
      throw new HmsError('HMS_EXPORT_BEHIND', detail, { status: 409, next: ['GET /v1/export'] })
    }
    return { ...startPosition(), ...cursor, installation: this.rosters.newest.installation }
  }

  private async endAfter(tx: Transaction, { entries }: ExportPosition, limit: number): Promise<ExportEnd | undefined> {
    const end = await this.tree.checkpointAfter(tx, entries, entries + limit)
    if (end === undefined && entries === 0) throw notYet()
    if (end === undefined) return undefined
    const after = entries === 0 ? undefined : entries - 1
    const [rotated] = await this.entries.find(tx, { type: ROTATED, after, before: end.size, newestFirst: true, limit: 1 })
    // A logged roster may be newer than `rosters.newest`: this service logs and adopts a roster in two transactions.
    if (Number(rotated?.facts.key ?? 0) > this.rosters.newest.version) throw notYet()
    return end
  }

  private async *linesOf(position: ExportPosition, end: ExportEnd | undefined): AsyncGenerator<string, void, undefined> {
    const { database, entries: entryStore } = this
    const source = {
      rosters: (since: number) => database.autocommit((tx) => rostersAfter(tx, since)),
      entries: async ({ after, limit }: { after: number | undefined; limit: number }) => {
        const query = { after, limit: Math.min(limit, ENTRIES_AT_ONCE), withEvents: true }
        return (await database.autocommit((tx) => entryStore.find(tx, query))).map((entry) => recordedEntry(entry, { signed: true }))
      },
      history: (page: HistoryPage) => this.historyPage(page),
    }
    if (end !== undefined) for await (const record of newRecords(source, position, end)) yield `${printableJson(record)}\n`
    const { roster, entries, leafHash } = position
    yield `${printableJson({ type: 'cursor', cursor: formatCursor({ roster, entries, leafHash: leafHash! }) })}\n`
  }

  /** Returns heads from config-store, unverified: the check of an export verifies them. Throws 503 `HMS_EXPORT_HISTORY`. */
  private async historyPage({ after, limit }: HistoryPage): Promise<LiveRecord[]> {
    const query = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) })
    const reads = this.configStoreUrls.map((url) => this.peers.get<LiveRecord[]>(url, `/v1/history?${query}`, HISTORY_BOUNDS))
    return Promise.any(reads).catch((error: unknown) => {
      const why = describeError((error as AggregateError).errors[0] ?? 'HMS_CONFIG_STORE_URLS is empty')
      throw new HmsError('HMS_EXPORT_HISTORY', `No config-store returns its history: ${why}.`, { status: 503, retryable: true })
    })
  }
}
