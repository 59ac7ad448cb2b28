import { ServiceRuntime } from '#libs/service'
import { Controller, Get, Inject, Query } from '@nestjs/common'
import { EntriesQueryDto } from './entries.dto.js'
import { recordedEntry, type RecordedEntry } from './entry.js'
import { ENTRY_STORE, type EntryStore } from './entry.store.js'

@Controller('v1/audit/entries')
export class EntriesController {
  constructor(
    private readonly runtime: ServiceRuntime,
    @Inject(ENTRY_STORE) private readonly entries: EntryStore,
  ) {}

  /** Ascending by index; the next page is asked for with `after` = the last index. */
  @Get()
  async list(@Query() query: EntriesQueryDto): Promise<RecordedEntry[]> {
    const found = await this.runtime.database.transaction((tx) => this.entries.find(tx, query))
    return found.map(recordedEntry)
  }
}
