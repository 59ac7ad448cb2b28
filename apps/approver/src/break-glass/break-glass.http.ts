import type { ApprovalView, PreparedApproval } from '#libs/contracts'
import { POLICIES_BODY } from '#libs/policy'
import { Public, RepeatsSafely, SignedBody, TakesBody, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common'
import { proofOfSignatures } from '../approvals/proof-of-signatures.js'
import { BreakGlassRequestDto, PrepareBreakGlassDto } from './break-glass.dto.js'
import { PrepareBreakGlass } from './prepare-break-glass.js'
import { SignBreakGlass } from './sign-break-glass.js'

/** Several people together send a release past simulation, canary, freezes and waiting. Preparing is a write, as it is of approvals. */
@Controller('v1/break-glass')
export class BreakGlassController {
  constructor(
    private readonly prepareBreakGlass: PrepareBreakGlass,
    private readonly signBreakGlass: SignBreakGlass,
  ) {}

  @TakesBody(POLICIES_BODY)
  @Post('prepare')
  @HttpCode(200)
  prepare(@Body() body: PrepareBreakGlassDto, @Req() { actor }: AuthorizedRequest): Promise<PreparedApproval> {
    return this.prepareBreakGlass.execute(body, actor?.id)
  }

  /** 202: accepted, with the number of its run. The signatures say who asks. */
  @Post()
  @HttpCode(202)
  @Public()
  @SignedBody(proofOfSignatures)
  @RepeatsSafely()
  sign(@Body() body: BreakGlassRequestDto): Promise<ApprovalView> {
    return this.signBreakGlass.execute(body)
  }
}
