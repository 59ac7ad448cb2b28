import { isObjects } from '#libs/platform'
import { MAX_POLICIES_OF_RUN, type JsonObject } from '#libs/contracts'
import { IsOptional } from 'class-validator'

export class LintRequestDto {
  @isObjects({ min: 1, max: MAX_POLICIES_OF_RUN }) policies!: JsonObject[]

  /** Versions in force of these policies. If given, the rules on versions are checked too. */
  @IsOptional() @isObjects({ max: MAX_POLICIES_OF_RUN }) live?: JsonObject[]
}
