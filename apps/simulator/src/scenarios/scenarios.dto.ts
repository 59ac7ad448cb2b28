import { isText } from '#libs/platform'
import type { ScenarioRegistration } from '#libs/contracts'
import { IsString } from 'class-validator'

export class ScenarioRegistrationDto implements ScenarioRegistration {
  /** Name that findings carry. */
  @isText(500)
  file!: string

  @IsString()
  source!: string
}
