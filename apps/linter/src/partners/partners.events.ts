import type { EventData, ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { PARTNERS } from './partner.table.js'

@Controller()
export class PartnerEvents {
  @OnEvent('linter', 'hms.partner.v1')
  async remember(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type !== 'hms.partner.registered.v1') return
    const { id, groups } = event.data as EventData['hms.partner.registered.v1']
    await tx.documents(PARTNERS).put({ id, groups })
  }
}
