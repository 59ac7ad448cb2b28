import { isObjects } from '#libs/platform'
import { MAX_POLICIES_OF_RUN, type JsonObject } from '#libs/contracts'
import { IsOptional } from 'class-validator'

export class LintRequestDto {
  @isObjects({ min: 1, max: MAX_POLICIES_OF_RUN })
  policies!: JsonObject[]

  /** What is in force of them: with it, versions are judged too. */
  @IsOptional()
  @isObjects({ max: MAX_POLICIES_OF_RUN })
  live?: JsonObject[]
}
