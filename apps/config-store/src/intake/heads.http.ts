import type { HeadReceipt } from '#libs/contracts'
import { Public, LargeBody } from '#libs/service'
import { Body, Controller, HttpCode, Post } from '@nestjs/common'
import { Freshness } from '../heads/freshness.js'
import { IssuedHeadsDto, SignedFreshnessDto } from './heads.dto.js'
import { orRefused, StoreHeads } from './store-heads.js'

/** Fast path for heads and for rollout's freshness statement. Idempotent; the signatures authenticate the sender. */
@Controller('v1')
export class HeadsController {
  constructor(
    private readonly storeHeads: StoreHeads,
    private readonly freshness: Freshness,
  ) {}

  /** Stores heads. A head with its current and its held release has about sixty JSON parts. */
  @LargeBody({ bytes: 4 * 1024 * 1024, parts: 16_384 })
  @Post('heads')
  @HttpCode(200)
  @Public()
  store(@Body() body: IssuedHeadsDto): Promise<HeadReceipt> {
    return this.storeHeads.execute(body)
  }

  /** Accepts a freshness statement. `accepted: false`: this instance has a newer one. */
  @LargeBody({ bytes: 2 * 1024 * 1024 })
  @Post('freshness')
  @HttpCode(200)
  @Public()
  refresh(@Body() body: SignedFreshnessDto): { accepted: boolean } {
    return { accepted: orRefused(() => this.freshness.accept(body.freshness)) }
  }
}
