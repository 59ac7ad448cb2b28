import type { RedriveManyRequest } from '#libs/contracts'
import { isInstant, isReason } from '#libs/platform'
import { IsOptional } from 'class-validator'
import { DeliveriesChoiceDto } from '../delivery/deliveries.dto.js'

export class RedriveDto {
  /** Reason, stored with the delivery and in the audit trail. */
  @isReason
  reason!: string
}

export class RedriveManyDto extends DeliveriesChoiceDto implements RedriveManyRequest {
  @isReason
  reason!: string

  @IsOptional()
  @isInstant
  until?: string
}
