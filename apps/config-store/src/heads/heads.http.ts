import type { HeadReceipt } from '#libs/contracts'
import { Public, TakesBody } from '#libs/service'
import { Body, Controller, HttpCode, Post } from '@nestjs/common'
import { Freshness } from './freshness.js'
import { IssuedHeadsDto, SignedFreshnessDto } from './heads.dto.js'
import { orRefused, StoreHeads } from './store-heads.js'

/** The fast path of heads, and of rollout's freshness statement. Idempotent; the signature is the proof of who sends it. */
@Controller('v1')
export class HeadsController {
  constructor(
    private readonly storeHeads: StoreHeads,
    private readonly freshness: Freshness,
  ) {}

  /** A head with the release that it makes current and one that it holds has some sixty parts. */
  @TakesBody({ bytes: 4 * 1024 * 1024, parts: 16_384 })
  @Post('heads')
  @HttpCode(200)
  @Public()
  store(@Body() body: IssuedHeadsDto): Promise<HeadReceipt> {
    return this.storeHeads.execute(body)
  }

  /** `accepted: false`: a newer one is held. */
  @TakesBody({ bytes: 2 * 1024 * 1024 })
  @Post('freshness')
  @HttpCode(200)
  @Public()
  refresh(@Body() body: SignedFreshnessDto): { accepted: boolean } {
    return { accepted: orRefused(() => this.freshness.take(body.freshness)) }
  }
}
