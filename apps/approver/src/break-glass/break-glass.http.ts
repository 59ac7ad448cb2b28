import type { ApprovalView, PreparedApproval } from '#libs/contracts'
import { POLICIES_BODY } from '#libs/policy'
import { Public, Idempotent, SignedBody, LargeBody, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common'
import { proofOfSignatures } from '../approvals/proof-of-signatures.js'
import { BreakGlassRequestDto, PrepareBreakGlassDto } from './break-glass.dto.js'
import { PrepareBreakGlass } from './prepare-break-glass.js'
import { SignBreakGlass } from './sign-break-glass.js'

/**
 * Endpoints of break-glass: several people together sign a release that skips simulation, canary, freezes and the queue. Preparing requires
 * write access, as for approvals.
 */
@Controller('v1/break-glass')
export class BreakGlassController {
  constructor(
    private readonly prepareBreakGlass: PrepareBreakGlass,
    private readonly signBreakGlass: SignBreakGlass,
  ) {}

  /** Prepares a break-glass release: returns the bytes that several people sign. */
  @LargeBody(POLICIES_BODY)
  @Post('prepare')
  @HttpCode(200)
  prepare(@Body() body: PrepareBreakGlassDto, @Req() { actor }: AuthorizedRequest): Promise<PreparedApproval> {
    return this.prepareBreakGlass.execute(body, actor?.id)
  }

  /** Returns 202 and the number of the run. The signatures authenticate the caller. */
  @Post()
  @HttpCode(202)
  @Public()
  @SignedBody(proofOfSignatures)
  @Idempotent()
  sign(@Body() body: BreakGlassRequestDto): Promise<ApprovalView> {
    return this.signBreakGlass.execute(body)
  }
}
