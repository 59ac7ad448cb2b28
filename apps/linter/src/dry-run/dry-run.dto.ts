import { MAX_POLICIES_OF_RUN, type JsonObject } from '#libs/contracts'
import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject } from 'class-validator'

export class LintRequestDto {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_POLICIES_OF_RUN)
  @IsObject({ each: true })
  policies!: JsonObject[]
}
