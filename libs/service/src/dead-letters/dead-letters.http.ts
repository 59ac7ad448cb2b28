import { action, DEAD_LETTERS_LISTED, type DeadLetterSummary, type DeadLetterView } from '#libs/contracts'
import type { DeadLetter, EventConsumer } from '#libs/messaging'
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common'
import { callerName, type AuthorizedRequest } from '../authorization/authorization.guard.js'
import { RequireScope } from '../authorization/require-scope.js'
import { HostContext } from '../http/host-context.js'
import { Paged } from '../http/paged-lists.js'
import { DeadLettersQueryDto, DiscardDto } from './dead-letters.dto.js'

/** Serves the dead letters of the services of this process. Part of every host, because every consumer has dead letters. */
@Controller('v1/dead-letters/:service')
export class DeadLettersController {
  constructor(private readonly host: HostContext) {}

  /** Lists the dead letters of a service, newest first. */
  @Get()
  @Paged(({ id }: DeadLetterSummary) => id, { usual: DEAD_LETTERS_LISTED })
  async list(@Param('service') service: string, @Query() { state, limit }: DeadLettersQueryDto): Promise<DeadLetterSummary[]> {
    const letters = await this.consumer(service).letters.list(state === undefined ? undefined : [state], limit)
    return letters.map(summaryOf)
  }

  /** Returns a dead letter with its content as received. */
  @Get(':id')
  async show(@Param('service') service: string, @Param('id') id: string): Promise<DeadLetterView> {
    return letterView(await this.consumer(service).letters.get(id))
  }

  /** Gives a dead letter to its service again. */
  @Post(':id/replay')
  @HttpCode(200)
  @RequireScope('operate')
  async replay(@Param('service') service: string, @Param('id') id: string, @Req() request: AuthorizedRequest): Promise<DeadLetterSummary> {
    return summaryOf(await this.consumer(service).replay(id, callerName(request)))
  }

  /** Closes a dead letter; its event is never handled. The letter and the reason are kept. */
  @Post(':id/discard')
  @HttpCode(200)
  @RequireScope('operate')
  async discard(
    @Param('service') service: string,
    @Param('id') id: string,
    @Body() { reason }: DiscardDto,
    @Req() request: AuthorizedRequest,
  ): Promise<DeadLetterSummary> {
    return summaryOf(await this.consumer(service).letters.discard(id, callerName(request), reason))
  }

  private consumer(service: string): EventConsumer {
    return this.host.service(service, action('dlq.list')).consumer
  }
}

function summaryOf(letter: DeadLetter): DeadLetterSummary {
  const { id, group, topic, position, key, code, detail, run, tries, state, at, closed } = letter
  return { id, service: group, topic, position, key, code, detail, run, tries, state, at, closed: closed ?? null }
}

function letterView(letter: DeadLetter): DeadLetterView {
  const { value, headers, raw, cutFrom } = letter
  return { ...summaryOf(letter), value, headers, raw: raw ?? null, cutFrom: cutFrom ?? null }
}
