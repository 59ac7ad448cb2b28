import { isRollbackDossier, type ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type HandlerResult } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { LintRun } from './lint-run.js'

@Controller()
export class LintRunEvents {
  constructor(private readonly lintRun: LintRun) {}

  @OnEvent('linter', 'hms.approval.approved.v1')
  async onApproved(event: ReceivedEvent<'hms.approval.approved.v1'>, { tx }: EventContext): Promise<HandlerResult> {
    if (isRollbackDossier(event.data.dossier)) return // guard: signed-rollback-no-lint
    return this.lintRun.execute(tx, event.data.dossier, event)
  }
}
