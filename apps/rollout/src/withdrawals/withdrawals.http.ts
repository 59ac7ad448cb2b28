import type { WithdrawalResult } from '#libs/contracts'
import { Public, proofOfStatement, Idempotent, SignedBody } from '#libs/service'
import { Body, Controller, HttpCode, Post } from '@nestjs/common'
import { Withdraw } from './withdraw.js'
import { WithdrawalRequestDto } from './withdrawals.dto.js'

@Controller('v1/withdrawals')
export class WithdrawalsController {
  constructor(private readonly withdraw: Withdraw) {}

  /**
   * Responds 202: the signature is stored; with the last required signature, the head is committed and being delivered. The statement's own
   * signature authenticates the person.
   */
  @Post()
  @Idempotent()
  @HttpCode(202)
  @Public()
  @SignedBody(proofOfStatement)
  create(@Body() { policy, statement }: WithdrawalRequestDto): Promise<WithdrawalResult> {
    return this.withdraw.execute({ policy, statement })
  }
}
