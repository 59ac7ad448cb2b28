import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { ReleaseProofs } from '#libs/stage'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'

/**
 * Stores the log's proof of each approval. The proof contains the time at which witnesses saw the approval; readers verify the release's
 * signatures as of that time.
 */
@Controller()
export class LoggedReleasesEvents {
  constructor(private readonly proofs: ReleaseProofs) {}

  @OnEvent('approver', 'hms.release.logged.v1')
  logged(@Payload() { data }: ReceivedEvent<'hms.release.logged.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.proofs.store(tx, data)
  }
}
