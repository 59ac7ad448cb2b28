import { action, HmsError, type BotSummary } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { isPolicyId } from '#libs/policy'
import { RequireScope, LargeBody, Paged } from '#libs/service'
import { digestOf } from '#libs/signing'
import { Body, Controller, Get, Inject, Post, type OnApplicationShutdown } from '@nestjs/common'
import { requireMaxBytes, register } from '../registry-limit.js'
import { BOT_SOURCE_LIMIT } from '../replay/limits.js'
import { BOTS, MAX_BOTS, type RegisteredBot } from './bot.table.js'
import { BotRegistrationDto } from './bots.dto.js'
import type { BotInspector } from '../replay/inspect-bot.js'

export const BOT_INSPECTOR = Symbol('BotInspector')

@Controller('v1/bots')
export class BotsController implements OnApplicationShutdown {
  constructor(
    private readonly database: Database,
    @Inject(BOT_INSPECTOR) private readonly inspector: BotInspector,
  ) {}

  /** Lists the bots that simulations run. */
  @Get()
  @Paged(({ id }: BotSummary) => id)
  list(): Promise<BotSummary[]> {
    return this.database.autocommit(async (tx) => (await tx.documents(BOTS).find({ limit: MAX_BOTS })).map(summaryOf))
  }

  /** Registers a bot, or replaces the bot with the same id. Refuses a module that does not load in the sandbox. */
  @LargeBody({ bytes: 6 * BOT_SOURCE_LIMIT }) // JSON may write one byte as six: \u001b
  @Post()
  @RequireScope('operate')
  async add(@Body() { id, source, critical }: BotRegistrationDto): Promise<BotSummary> {
    requireMaxBytes(source, BOT_SOURCE_LIMIT, `Bot ${id}`)
    const inspected = await this.inspector.inspect(source)
    if ('error' in inspected) throw invalid(id, inspected.error.message)
    const { policies } = inspected
    const unknown = policies.find((policy): boolean => !isPolicyId(policy))
    if (unknown !== undefined) throw invalid(id, `${JSON.stringify(unknown.slice(0, 100))} in its policies is no policy id`)
    return this.database.locked(['bots'], async (tx) => {
      const bot = { id, source, digest: digestOf(source), policies, critical: critical ?? false, addedAt: tx.now.toISOString() }
      await register(tx.documents(BOTS), id, bot, MAX_BOTS, 'bots')
      return summaryOf(bot)
    })
  }

  onApplicationShutdown(): Promise<void> {
    return this.inspector.close()
  }
}

function invalid(id: string, message: string): HmsError {
  return new HmsError('HMS_BOT_INVALID', `${id}: ${message}`, { status: 422, next: [action('bots.add', { bot: id })] })
}

function summaryOf({ id, policies, critical, digest, addedAt }: RegisteredBot): BotSummary {
  return { id, policies, critical, digest, addedAt }
}
