import type { BotRegistration } from '#libs/contracts'
import { IsBoolean, IsOptional, IsString, Matches, MaxLength } from 'class-validator'

export class BotRegistrationDto implements BotRegistration {
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, { message: 'id must be 1 to 100 letters, digits, dots, hyphens or underscores' })
  id!: string

  @IsString()
  @MaxLength(256 * 1024)
  source!: string

  @IsOptional()
  @IsBoolean()
  critical?: boolean
}
