import { HmsError, type ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, SOURCE_PREFIX } from '#libs/messaging'
import { TerminalError } from '#libs/platform'
import { signerFor } from '#libs/signing'
import { Controller } from '@nestjs/common'
import { StoreHeads } from './store-heads.js'

@Controller()
export class HeadsEvents {
  constructor(private readonly storeHeads: StoreHeads) {}

  @OnEvent('config-store', 'hms.head.issued.v1')
  async onHeadIssued(event: ReceivedEvent<'hms.head.issued.v1'>, { tx }: EventContext): Promise<void> {
    try {
      const verified = this.storeHeads.verify(event.data)
      const foreign = verified.heads.find(({ head }) => event.source !== `${SOURCE_PREFIX}${signerFor(head.scope)}`)
      if (foreign !== undefined)
        throw new TerminalError('HMS_HEAD_SOURCE', `${event.source} does not speak for scope ${foreign.head.scope}`)
      await this.storeHeads.store(tx, verified, event)
    } catch (error) {
      // A retry would not help a head that does not verify: it becomes a dead letter with its code, and its key's next event is handled.
      if (error instanceof HmsError) throw new TerminalError(error.code, error.detail)
      throw error
    }
  }
}
