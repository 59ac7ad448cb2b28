import type { PartnerTestResult } from '#libs/contracts'
import { RequireScope } from '#libs/service'
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common'
import { PartnerTestDto } from './partner-tests.dto.js'
import { TestPartner } from './test-partner.js'

@Controller('v1/partners/:id/test')
export class PartnerTestsController {
  constructor(private readonly testPartner: TestPartner) {}

  /** Sends a test message to a partner now. Responds 200 also if the partner refused it: the result reports that. */
  @Post()
  @HttpCode(200)
  @RequireScope('operate')
  test(@Param('id') id: string, @Body() request: PartnerTestDto): Promise<PartnerTestResult> {
    return this.testPartner.execute(id, request)
  }
}
