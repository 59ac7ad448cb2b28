import type { DeliveryView } from '#libs/contracts'
import { ServiceRuntime } from '#libs/service'
import { Controller, Get, Query } from '@nestjs/common'
import { DeliveriesQueryDto } from './deliveries.dto.js'
import { DELIVERIES } from './delivery.table.js'
import { deliveryView } from './delivery-view.js'

const LIMIT = 500

@Controller('v1/deliveries')
export class DeliveriesController {
  constructor(private readonly runtime: ServiceRuntime) {}

  /** Newest first, the 500 newest at most. */
  @Get()
  async list(@Query() { partner, run }: DeliveriesQueryDto): Promise<DeliveryView[]> {
    const where = { ...(partner === undefined ? {} : { partner }), ...(run === undefined ? {} : { run }) }
    const query = { where, orderBy: 'created_at', descending: true, limit: LIMIT }
    const deliveries = await this.runtime.database.transaction((tx) => tx.documents(DELIVERIES).find(query))
    return deliveries.map(deliveryView)
  }
}
