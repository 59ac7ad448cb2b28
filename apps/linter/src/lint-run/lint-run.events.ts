import type { EventData, ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { LintRun } from './lint-run.js'

@Controller()
export class LintRunEvents {
  constructor(private readonly lintRun: LintRun) {}

  @OnEvent('linter', 'hms.approval.v1')
  async handle(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type !== 'hms.approval.approved.v1') return
    const { dossier } = event.data as EventData['hms.approval.approved.v1']
    await this.lintRun.execute(tx, dossier, event)
  }
}
