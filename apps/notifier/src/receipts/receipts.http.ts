import type { ReceiptView } from '#libs/contracts'
import { Public, Idempotent, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, Get, Header, HttpCode, Param, Post, Req } from '@nestjs/common'
import { Acknowledge } from './acknowledge.js'
import { AcknowledgementDto } from './receipts.dto.js'

/** Shows and records acknowledgements. Public: the token proves that the caller was sent the message; a secret, if any, also signs. */
@Controller('v1/receipts/:token')
@Public()
export class ReceiptsController {
  constructor(private readonly receipts: Acknowledge) {}

  /** Returns the message that the token belongs to, and whether it is acknowledged. */
  @Get()
  @Header('cache-control', 'no-store')
  read(@Param('token') token: string): Promise<ReceiptView> {
    return this.receipts.read(token)
  }

  /** Records that the partner acknowledges a message. The first acknowledgement counts. */
  @Post()
  @HttpCode(200)
  @Idempotent()
  acknowledge(@Param('token') token: string, @Body() dto: AcknowledgementDto, @Req() request: AuthorizedRequest): Promise<ReceiptView> {
    return this.receipts.acknowledge(token, { headers: request.headers, body: request.rawBody ?? Buffer.alloc(0), dto })
  }
}
