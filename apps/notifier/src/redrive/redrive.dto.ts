import type { RedriveManyRequest, RedriveRequest } from '#libs/contracts'
import { Read } from '#libs/platform'
import { IsISO8601, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator'

const AN_INSTANT = { strict: true, strictSeparator: true }

export class RedriveDto implements RedriveRequest {
  /** Kept with the delivery, and in the trail. */
  @Read((value) => (typeof value === 'string' ? value.trim() : value))
  @IsString()
  @IsNotEmpty({ message: 'reason must say why' })
  @MaxLength(1_000)
  reason!: string
}

export class RedriveManyDto extends RedriveDto implements RedriveManyRequest {
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
  @IsISO8601(AN_INSTANT, { message: 'since must be a time, for instance 2026-01-31T00:00:00Z' })
  since?: string

  @IsOptional()
  @IsISO8601(AN_INSTANT, { message: 'until must be a time, for instance 2026-01-31T00:00:00Z' })
  until?: string
}
