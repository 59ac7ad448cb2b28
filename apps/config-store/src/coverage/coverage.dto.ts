import { isIntegerText } from '#libs/platform'
import { POLICY_ID } from '#libs/policy'
import { IsIn, IsOptional, Matches, MaxLength } from 'class-validator'

export class CoverageQueryDto {
  @Matches(POLICY_ID, { message: 'policy must be the id of a policy' }) @MaxLength(100) policy!: string
  @IsOptional() @isIntegerText(0) revision?: number
  @IsOptional() @isIntegerText(0, 15_000) waitMs?: number

  /** `all`: the response lists the connected bots, or their counts by region and release if they are many. */
  @IsOptional() @IsIn(['all']) bots?: 'all'

  /** With `bots=all`: only bots whose name contains this text, in upper or lower case. */
  @IsOptional() @MaxLength(100) named?: string
}
