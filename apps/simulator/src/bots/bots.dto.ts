import type { BotRegistration } from '#libs/contracts'
import { IsBoolean, IsOptional, IsString, Matches } from 'class-validator'
import { REGISTRY_ID } from '../registry-limit.js'

export class BotRegistrationDto implements BotRegistration {
  @Matches(REGISTRY_ID, { message: 'id must be 1 to 100 letters, digits, dots, hyphens or underscores' }) id!: string
  @IsString() source!: string
  @IsOptional() @IsBoolean() critical?: boolean
}
