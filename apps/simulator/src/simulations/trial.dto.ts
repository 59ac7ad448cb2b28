import { MAX_POLICIES_OF_RUN, type JsonObject } from '#libs/contracts'
import { isObjects, Read } from '#libs/platform'
import { IsOptional } from 'class-validator'

/** Policies as a run would contain them, and their versions in force. */
export class TrialRequestDto {
  @isObjects({ min: 1, max: MAX_POLICIES_OF_RUN }) policies!: JsonObject[]

  /** `null` is treated as absent. */
  @IsOptional() @Read((value) => value ?? undefined) @isObjects({ max: MAX_POLICIES_OF_RUN }) live?: JsonObject[]
}
