import { isInteger, toNumber } from '#libs/platform'
import { POLICY_ID } from '#libs/policy'
import { IsIn, IsInt, IsOptional, Matches, MaxLength, Min } from 'class-validator'

export class CoverageQueryDto {
  @Matches(POLICY_ID, { message: 'policy must be the id of a policy' })
  @MaxLength(100)
  policy!: string

  @IsOptional()
  @toNumber
  @IsInt()
  @Min(0)
  revision?: number

  @IsOptional()
  @toNumber
  @isInteger(0, 15_000)
  waitMs?: number

  /** `all`: the response lists the connected bots, or their counts by region and release if they are many. */
  @IsOptional()
  @IsIn(['all'])
  bots?: 'all'
}
