import { Injectable, type OnModuleInit } from '@nestjs/common'
import { NotifierConfig } from '../notifier.config.js'
import { DeliveryLanes } from './delivery-lanes.js'

/** Mails messages that no channel of a partner accepted to its `contact`, if this deployment sends mail. */
@Injectable()
export class TellContact implements OnModuleInit {
  constructor(
    private readonly lanes: DeliveryLanes,
    private readonly config: NotifierConfig,
  ) {}

  onModuleInit(): void {
    if (this.config.mail !== undefined) this.lanes.onDead((tx, delivery, partner) => this.lanes.tellContact(tx, delivery, partner))
  }
}
