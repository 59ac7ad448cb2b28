import type { DeliveryDetail, DeliveryView } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { Paged } from '#libs/service'
import { Controller, Get, Param, Query } from '@nestjs/common'
import { DeliveriesQueryDto } from './deliveries.dto.js'
import { deliveryDetail, deliveryView, knownDelivery } from './delivery-view.js'
import { findDeliveries } from './find-deliveries.js'

@Controller('v1/deliveries')
export class DeliveriesController {
  constructor(private readonly database: Database) {}

  /** Lists deliveries, newest first, at most 500; `before` = the last id returns the next page. */
  @Get()
  @Paged(({ id }: DeliveryView) => id, { usual: 500, after: 'before' })
  async list(@Query() query: DeliveriesQueryDto): Promise<DeliveryView[]> {
    return (await this.database.transaction((tx) => findDeliveries(tx, query))).map(deliveryView)
  }

  /** Returns one delivery with each stored attempt and its result. */
  @Get(':id')
  async show(@Param('id') id: string): Promise<DeliveryDetail> {
    return this.database.transaction(async (tx) => deliveryDetail(tx, await knownDelivery(tx, id)))
  }
}
