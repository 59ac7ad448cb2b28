import type { ScenarioRegistration } from '#libs/contracts'
import { IsString, MaxLength } from 'class-validator'

export class ScenarioRegistrationDto implements ScenarioRegistration {
  /** Name that findings carry. */
  @IsString()
  @MaxLength(500)
  file!: string

  @IsString()
  @MaxLength(64 * 1024)
  source!: string
}
