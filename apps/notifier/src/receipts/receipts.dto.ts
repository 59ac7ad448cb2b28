import { isOptionalText, isTexts } from '#libs/platform'
import type { JsonObject } from '#libs/contracts'
import { IsObject, IsOptional } from 'class-validator'

export const MAX_TEXT = 300

/** Acknowledgement of a partner. A package of the integration layer contains it in `data`. */
export class AcknowledgementDto {
  /** `webhook-id` of the message; a signed call must name it. */
  @isOptionalText(MAX_TEXT) acknowledged?: string

  /** Note of the partner, for instance a name or a case number; stored with the receipt. */
  @isOptionalText(MAX_TEXT) note?: string
  @IsOptional() @IsObject() meta?: JsonObject
  @isOptionalText(MAX_TEXT) intent?: string
  @IsOptional() @IsObject() data?: JsonObject
  @IsOptional() @isTexts(100) tags?: string[]
  @isOptionalText(MAX_TEXT) sig?: string
}
