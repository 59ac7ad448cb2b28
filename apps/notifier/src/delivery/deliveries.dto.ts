import { DELIVERY_STATES, type DeliveriesFilter, type DeliveryState } from '#libs/contracts'
import { isInstant, isIntegerText, isOptionalText } from '#libs/platform'
import { IsIn, IsOptional } from 'class-validator'

/** Query parameters that select deliveries, for a list or a redrive. */
export class DeliveryFilterDto {
  @isOptionalText(100) partner?: string
  @isOptionalText(100) policy?: string
  @isOptionalText(100) version?: string
  @IsOptional() @isInstant since?: string
}

export class DeliveriesQueryDto extends DeliveryFilterDto implements DeliveriesFilter {
  @IsOptional() @isIntegerText(1) run?: number
  @IsOptional() @IsIn(DELIVERY_STATES) state?: DeliveryState

  /** Id of the last delivery that the caller has. */
  @isOptionalText(500) before?: string
  @IsOptional() @isIntegerText(1, 1_001) limit = 500
}
