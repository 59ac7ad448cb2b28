import type { PartnerSummary, UnsubscribeView } from '#libs/contracts'
import { callerName, Public, Idempotent, RequireScope, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, Get, Header, HttpCode, Param, Post, Req } from '@nestjs/common'
import { Unsubscribe } from './unsubscribe.js'
import { ResubscribeDto, UnsubscribeDto } from './unsubscribes.dto.js'

/** Unsubscribes an address. Public, because the token proves that the caller was sent the mail (RFC 8058). */
@Controller('v1/unsubscribes/:token')
@Public()
export class UnsubscribesController {
  constructor(private readonly unsubscribes: Unsubscribe) {}

  /** Returns the address that the token belongs to, and whether it is unsubscribed. */
  @Get()
  @Header('cache-control', 'no-store')
  read(@Param('token') token: string): Promise<UnsubscribeView> {
    return this.unsubscribes.read(token)
  }

  /** Unsubscribes the address: it gets no further mail. */
  @Post()
  @HttpCode(200)
  @Idempotent()
  unsubscribe(@Param('token') token: string, @Body() _said: UnsubscribeDto): Promise<UnsubscribeView> {
    return this.unsubscribes.unsubscribe(token)
  }
}

@Controller('v1/partners/:id/resubscribe')
@RequireScope('operate')
export class ResubscribeController {
  constructor(private readonly unsubscribes: Unsubscribe) {}

  /** Sends mail again to an address that unsubscribed. */
  @Post()
  @HttpCode(200)
  @Idempotent()
  resubscribe(
    @Param('id') id: string,
    @Body() { address, reason }: ResubscribeDto,
    @Req() request: AuthorizedRequest,
  ): Promise<PartnerSummary> {
    return this.unsubscribes.resubscribe(id, { address, reason, by: callerName(request) })
  }
}
