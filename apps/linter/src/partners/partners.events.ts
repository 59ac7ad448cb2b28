import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { PARTNERS } from './partner.table.js'

@Controller()
export class PartnerEvents {
  @OnEvent('linter', 'hms.partner.registered.v1')
  async onPartnerRegistered({ data }: ReceivedEvent<'hms.partner.registered.v1'>, { tx }: EventContext): Promise<void> {
    const { id, groups } = data
    await tx.documents(PARTNERS).put({ id, groups })
  }
}
