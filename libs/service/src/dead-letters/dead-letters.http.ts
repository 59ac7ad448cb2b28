import { action, DEAD_LETTERS_LISTED, type DeadLetterSummary, type DeadLetterView } from '#libs/contracts'
import type { DeadLetter } from '#libs/messaging'
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common'
import { callerName, type AuthorizedRequest } from '../authorization/authorization.guard.js'
import { Public, RequireScope } from '../authorization/require-scope.js'
import { proofOfStatement, SignedBody } from '../authorization/signed-bodies.js'
import { HostContext } from '../http/host-context.js'
import { Paged } from '../http/paged-lists.js'
import { StatementRequestDto } from '../http/statement.dto.js'
import type { ServiceRuntime } from '../service-runtime.js'
import { DeadLettersQueryDto, DiscardDto } from './dead-letters.dto.js'
import { decideLetter, digestOfLetter } from './decide-letter.js'

/** Serves the dead letters of the services of this process. Part of every host, because every consumer has dead letters. */
@Controller('v1/dead-letters/:service')
export class DeadLettersController {
  constructor(private readonly host: HostContext) {}

  /** Lists the dead letters of a service, newest first. */
  @Get()
  @Paged(({ id }: DeadLetterSummary) => id, { usual: DEAD_LETTERS_LISTED })
  async list(@Param('service') service: string, @Query() { state, limit }: DeadLettersQueryDto): Promise<DeadLetterSummary[]> {
    const letters = await this.runtime(service).consumer.letters.list(state === undefined ? undefined : [state], limit)
    return letters.map(summaryOf)
  }

  /** Returns a dead letter with its content as received. */
  @Get(':id')
  async show(@Param('service') service: string, @Param('id') id: string): Promise<DeadLetterView> {
    const { consumer, roster } = this.runtime(service)
    const letter = await consumer.letters.get(id)
    const { value, headers, raw = null, cutFrom = null } = letter
    return { ...summaryOf(letter), value, headers, raw, cutFrom, digest: digestOfLetter(letter, roster) }
  }

  /** Replays or discards a dead letter. The signature of the statement, a decision about this letter, authenticates the caller. */
  @Post(':id/decisions')
  @HttpCode(200)
  @Public()
  @SignedBody(proofOfStatement)
  async decide(
    @Param('service') service: string,
    @Param('id') id: string,
    @Body() { statement }: StatementRequestDto,
  ): Promise<DeadLetterSummary> {
    return summaryOf(await decideLetter(this.runtime(service), id, statement))
  }

  /** Gives a dead letter to its service again. */
  @Post(':id/replay')
  @HttpCode(200)
  @RequireScope('operate')
  async replay(@Param('service') service: string, @Param('id') id: string, @Req() request: AuthorizedRequest): Promise<DeadLetterSummary> {
    return summaryOf(await this.runtime(service).consumer.replay(id, callerName(request)))
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
    return summaryOf(await this.runtime(service).consumer.letters.discard(id, callerName(request), reason))
  }

  private runtime(service: string): ServiceRuntime {
    return this.host.service(service, action('dlq.list'))
  }
}

function summaryOf(letter: DeadLetter): DeadLetterSummary {
  const { id, group, topic, position, key, code, detail, run, tries, state, at, closed } = letter
  return { id, service: group, topic, position, key, code, detail, run, tries, state, at, closed: closed ?? null }
}
