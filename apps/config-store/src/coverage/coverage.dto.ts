import { toNumber } from '#libs/platform'
import { POLICY_ID } from '#libs/policy'
import { IsInt, IsOptional, Matches, Max, MaxLength, Min } from 'class-validator'

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
  @IsInt()
  @Min(0)
  @Max(15_000)
  waitMs?: number
}
