import type { PartnerSummary } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database } from '#libs/persistence'
import { RequireScope, Paged } from '#libs/service'
import { Body, Controller, Get, Inject, Post } from '@nestjs/common'
import { CHANNEL_SENDERS, type ChannelSenders } from '../channels/channel-sender.js'
import { NotifierConfig } from '../notifier.config.js'
import { sealPartner } from '../secrets/sealed-channels.js'
import { SecretBox } from '../secrets/secret-box.js'
import { checkPartner } from './check-partner.js'
import { keepPrevious } from './keep-previous.js'
import { allPartners, mailAddresses, partnerKey, PARTNERS, summaryOf } from '../partners/partner.table.js'
import { PartnerRegistrationDto } from '../partners/partners.dto.js'

@Controller('v1/partners')
export class PartnersController {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly config: NotifierConfig,
    @Inject(CHANNEL_SENDERS) private readonly senders: ChannelSenders,
    private readonly box: SecretBox,
  ) {}

  /** Lists the registered partners, without their secrets. */
  @Get()
  @Paged(({ id }: PartnerSummary) => id)
  async list(): Promise<PartnerSummary[]> {
    return (await this.database.transaction(allPartners)).map(summaryOf)
  }

  /** Registers a partner, or replaces the partner with the same id; its pending deliveries use the new address. */
  @Post()
  @RequireScope('operate')
  add(@Body() body: PartnerRegistrationDto): Promise<PartnerSummary> {
    const given = checkPartner(body, this.config.deployment, this.senders)
    return this.database.locked([partnerKey(given.id)], async (tx) => {
      const known = await tx.documents(PARTNERS).get(given.id)
      const partner = await sealPartner(this.box, await keepPrevious(this.box, given, known, tx.now))
      const unsubscribed = (known?.unsubscribed ?? []).filter(({ address }) => mailAddresses(given).includes(address))
      const registered = { ...partner, addedAt: tx.now.toISOString(), ...(unsubscribed.length > 0 ? { unsubscribed } : {}) }
      await tx.documents(PARTNERS).put(registered)
      const { id, groups, name } = partner
      await this.outbox.emit(tx, 'hms.partner.registered.v1', { id, groups, name }, { key: id })
      return summaryOf(registered)
    })
  }
}
