import type { HeadReceipt } from '#libs/contracts'
import { Public } from '#libs/stage'
import { Body, Controller, HttpCode, Post } from '@nestjs/common'
import { IssuedHeadsDto } from './heads.dto.js'
import { StoreHeads } from './store-heads.js'

/** The fast path of heads. Idempotent; a head's own signature is the proof of who sends it. */
@Controller('v1/heads')
export class HeadsController {
  constructor(private readonly storeHeads: StoreHeads) {}

  @Post()
  @HttpCode(200)
  @Public()
  store(@Body() body: IssuedHeadsDto): Promise<HeadReceipt> {
    return this.storeHeads.execute(body)
  }
}
