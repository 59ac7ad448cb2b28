import type { PartnerTestRequest } from '#libs/contracts'
import { IsBoolean, IsOptional, IsString, MaxLength } from 'class-validator'

export class PartnerTestDto implements PartnerTestRequest {
  @IsOptional()
  @IsString()
  @MaxLength(100)
  channel?: string

  @IsOptional()
  @IsBoolean()
  explain?: boolean
}
