import type { RedriveManyRequest } from '#libs/contracts'
import { isInstant, isReason } from '#libs/platform'
import { IsOptional } from 'class-validator'
import { DeliveryFilterDto } from '../delivery/deliveries.dto.js'

export class RedriveDto {
  /** Reason, stored with the delivery and in the audit trail. */
  @isReason reason!: string
}

export class RedriveManyDto extends DeliveryFilterDto implements RedriveManyRequest {
  @isReason reason!: string
  @IsOptional() @isInstant until?: string
}
