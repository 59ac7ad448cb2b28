import type { JsonObject } from '#libs/contracts'
import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject } from 'class-validator'

export class LintRequestDto {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @IsObject({ each: true })
  policies!: JsonObject[]
}
