import { DELIVERY_STATES, type DeliveriesFilter, type DeliveryState } from '#libs/contracts'
import { toNumber } from '#libs/platform'
import { IsIn, IsInt, IsISO8601, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'

export class DeliveriesQueryDto implements DeliveriesFilter {
  @IsOptional()
  @IsString()
  @MaxLength(100)
  partner?: string

  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  run?: number

  @IsOptional()
  @IsString()
  @MaxLength(100)
  policy?: string

  @IsOptional()
  @IsString()
  @MaxLength(100)
  version?: string

  @IsOptional()
  @IsIn(DELIVERY_STATES)
  state?: DeliveryState

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true }, { message: 'since must be a time, for instance 2026-01-31T00:00:00Z' })
  since?: string

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
