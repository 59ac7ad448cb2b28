import { isOptionalText } from '#libs/platform'
import { IsBoolean, IsOptional } from 'class-validator'

export class PartnerTestDto {
  /** Name of one channel as in lists; default: all. */
  @isOptionalText(100) channel?: string

  /** If a webhook rejects our signature: try the usual mistakes of receivers, and report the matching one. */
  @IsOptional() @IsBoolean() explain?: boolean
}
