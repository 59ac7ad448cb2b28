import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { ReleaseProofs } from '#libs/stage'
import { Controller } from '@nestjs/common'

/** Stores the log's proofs of approvals. Readers verify a release's signatures as of the proof's time, when witnesses saw it. */
@Controller()
export class LoggedReleasesEvents {
  constructor(private readonly proofs: ReleaseProofs) {}

  @OnEvent('approver', 'hms.release.logged.v1')
  onReleaseLogged({ data }: ReceivedEvent<'hms.release.logged.v1'>, { tx }: EventContext): Promise<void> {
    return this.proofs.store(tx, data)
  }
}
