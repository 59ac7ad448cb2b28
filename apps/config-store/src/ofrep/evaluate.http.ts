import type { JsonText, OfrepBulk, OfrepFlag, OfrepRequest } from '#libs/contracts'
import { readContext, type EvaluationResponse } from '#libs/ofrep'
import { RequireScope, LargeBody, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { parseRevision } from '../copy/prepared-frame.js'
import { Flags } from './flags.js'
import { parseAtLeast } from '../reads/reader-query.dto.js'

/** Single and bulk evaluation of OFREP 0.3.0. Its readers get values and acknowledge nothing, so coverage does not count them. */
@Controller('ofrep/v1/evaluate/flags')
export class EvaluateController {
  constructor(private readonly flags: Flags) {}

  /** Returns all flags of one context: each policy, and each field of a policy. */
  @Post()
  @HttpCode(200)
  @LargeBody({ kept: false })
  @RequireScope('values')
  async all(
    @Req() { actor }: AuthorizedRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() body: OfrepRequest,
    @Query('flagConfigEtag') flagConfigEtag?: string,
    @Headers('if-none-match') known?: string,
    @Headers('if-revision-at-least') atLeast?: string,
  ): Promise<JsonText<OfrepBulk> | undefined> {
    const reader = readContext(body)
    await this.flags.reach(parseRevision(flagConfigEtag), parseAtLeast(atLeast))
    this.flags.count('ofrep-bulk')
    return this.send(reply, this.flags.answerAll(reader, known, actor))
  }

  /** Returns one flag: `ID` is the whole policy as an object, `ID.FIELD` one field with its type. */
  @Post(':key')
  @HttpCode(200)
  @LargeBody({ kept: false })
  @RequireScope('values')
  async one(
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('key') key: string,
    @Body() body: OfrepRequest,
    @Headers('if-none-match') known?: string,
    @Headers('if-revision-at-least') atLeast?: string,
  ): Promise<JsonText<OfrepFlag> | undefined> {
    const reader = readContext(body)
    await this.flags.reach(undefined, parseAtLeast(atLeast))
    this.flags.count('ofrep')
    return this.send(reply, this.flags.answer(key, reader, known))
  }

  private send(reply: FastifyReply, answer: EvaluationResponse): JsonText<never> | undefined {
    void reply.status(answer.status).headers(this.flags.headersOf(answer))
    return answer.body as JsonText<never> | undefined
  }
}
