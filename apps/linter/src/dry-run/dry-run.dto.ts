import { MAX_POLICIES_OF_RUN, type JsonObject } from '#libs/contracts'
import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject, IsOptional } from 'class-validator'

export class LintRequestDto {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_POLICIES_OF_RUN)
  @IsObject({ each: true })
  policies!: JsonObject[]

  /** What is in force of them: with it, versions are judged too. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_POLICIES_OF_RUN)
  @IsObject({ each: true })
  live?: JsonObject[]
}
