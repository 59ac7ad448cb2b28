import { DELIVERY_STATES, type DeliveriesFilter, type DeliveryState } from '#libs/contracts'
import { isInstant, toNumber } from '#libs/platform'
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'

/** Which deliveries are meant, whatever is done with them. */
export class DeliveriesChoiceDto {
  @IsOptional()
  @IsString()
  @MaxLength(100)
  partner?: string

  @IsOptional()
  @IsString()
  @MaxLength(100)
  policy?: string

  @IsOptional()
  @IsString()
  @MaxLength(100)
  version?: string

  @IsOptional()
  @isInstant
  since?: string
}

export class DeliveriesQueryDto extends DeliveriesChoiceDto implements DeliveriesFilter {
  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  run?: number

  @IsOptional()
  @IsIn(DELIVERY_STATES)
  state?: DeliveryState

  /** The id of the last delivery that the caller has. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  before?: string

  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(500)
  limit = 500
}
