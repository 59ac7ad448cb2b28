import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { ReleaseProofs } from '#libs/stage'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'

/** Stores when the log's witnesses saw each approval: readers judge a release by that time. */
@Controller()
export class LoggedReleasesEvents {
  constructor(private readonly proofs: ReleaseProofs) {}

  @OnEvent('approver', 'hms.release.logged.v1')
  logged(@Payload() { data }: ReceivedEvent<'hms.release.logged.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.proofs.remember(tx, data)
  }
}
