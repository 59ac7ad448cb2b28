import { action, HmsError, MAX_FREEZES, type FreezeRecord, type FreezeView } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { proofOfStatement, Public, SignedBody, StatementRequestDto, Paged } from '#libs/service'
import { FREEZES } from '#libs/stage'
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { FreezesQueryDto } from './freezes.dto.js'
import { freezeView, SignedFreezes } from './signed-freezes.js'

/** Endpoints of freezes: time windows in which no run advances. The stop switch is one of them. */
@Controller('v1/freezes')
export class FreezesController {
  constructor(
    private readonly database: Database,
    private readonly signedFreezes: SignedFreezes,
  ) {}

  /** Lists freezes, newest first, including ended ones. */
  @Get()
  @Paged(({ id }: FreezeView) => id)
  async list(@Query() { signed }: FreezesQueryDto): Promise<FreezeView[]> {
    return this.database.transaction(async (tx) => {
      const records = await tx.documents(FREEZES).find({ limit: MAX_FREEZES })
      const viewOf = (record: FreezeRecord): FreezeView => ({
        ...freezeView(record, tx.now),
        ...(signed === 'true' ? { statement: record.statement, lifted: record.lifted } : {}),
      })
      return records.map(viewOf).sort((a, b) => b.declaredAt.localeCompare(a.declaredAt))
    })
  }

  /** Returns the whole record with its signed statement. A person who lifts the freeze signs the statement's digest. */
  @Get(':id')
  async show(@Param('id') id: string): Promise<FreezeRecord> {
    const record = await this.database.autocommit((tx) => tx.documents(FREEZES).get(id))
    if (record !== undefined) return record
    throw new HmsError('HMS_FREEZE_NOT_FOUND', `There is no freeze ${id}.`, { status: 404, next: [action('freezes.list')] })
  }

  /** Declares a freeze. The signature of the statement authenticates the caller. */
  @Post()
  @Public()
  @SignedBody(proofOfStatement)
  declare(@Body() { statement }: StatementRequestDto): Promise<FreezeView> {
    return this.signedFreezes.declare(statement)
  }

  /** Ends a freeze before its time. The signature of the statement authenticates the caller. */
  @Post(':id/lift')
  @HttpCode(200)
  @Public()
  @SignedBody(proofOfStatement)
  lift(@Param('id') id: string, @Body() { statement }: StatementRequestDto): Promise<FreezeView> {
    return this.signedFreezes.lift(id, statement)
  }
}
