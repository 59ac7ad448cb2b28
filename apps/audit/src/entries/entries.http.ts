import { Database } from '#libs/persistence'
import { Paged, Rosters } from '#libs/service'
import { Controller, Get, Query } from '@nestjs/common'
import { nameKey } from './actors.js'
import { EntriesQueryDto } from './entries.dto.js'
import { recordedEntry, type RecordedEntry } from './entry.js'
import { EntryStore } from './entry.store.js'

@Controller('v1/audit/entries')
export class EntriesController {
  constructor(
    private readonly database: Database,
    private readonly entries: EntryStore,
    private readonly rosters: Rosters,
  ) {}

  /** Lists entries of the log by index, oldest or newest first. `after` or `before` = the last index returns the next page. */
  @Get()
  @Paged(({ index }: RecordedEntry) => index, { usual: 200, after: ({ order }) => (order === 'newest' ? 'before' : 'after') })
  async list(@Query() { since, until, order, acts, signed, ...rest }: EntriesQueryDto): Promise<RecordedEntry[]> {
    const wanted = { acts: acts === 'true', signed: signed === 'true' }
    const query = {
      ...rest,
      since: since === undefined ? undefined : new Date(since),
      until: until === undefined ? undefined : new Date(until),
      newestFirst: order === 'newest',
      withEvents: wanted.acts || wanted.signed,
      withActors: wanted.acts,
    }
    const found = await this.database.autocommit((tx) => this.entries.find(tx, query))
    const names = new Map(this.rosters.newest.people.map(({ name }) => [nameKey(name), name]))
    return found.map((entry) => recordedEntry(entry, wanted, (actor) => names.get(actor) ?? actor))
  }
}
