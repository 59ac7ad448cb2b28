import { MAX_POLICIES_OF_RUN, type JsonObject, type TrialRequest } from '#libs/contracts'
import { Read } from '#libs/platform'
import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject, IsOptional } from 'class-validator'

export class TrialRequestDto implements TrialRequest {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_POLICIES_OF_RUN)
  @IsObject({ each: true })
  policies!: JsonObject[]

  /** `null` says the same as nothing. */
  @IsOptional()
  @Read((value) => value ?? undefined)
  @IsArray()
  @ArrayMaxSize(MAX_POLICIES_OF_RUN)
  @IsObject({ each: true })
  live?: JsonObject[]
}
