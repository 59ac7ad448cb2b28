import type { ScenarioRegistration } from '#libs/contracts'
import { IsString, MaxLength } from 'class-validator'

export class ScenarioRegistrationDto implements ScenarioRegistration {
  /** Name that findings carry. */
  @IsString()
  @MaxLength(500)
  file!: string

  @IsString()
  source!: string
}
