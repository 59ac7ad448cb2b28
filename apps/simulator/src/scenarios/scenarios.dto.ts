import { isText, IsString } from '#libs/platform'
import type { ScenarioRegistration } from '#libs/contracts'

export class ScenarioRegistrationDto implements ScenarioRegistration {
  /** File name in findings. */
  @isText(500)
  file!: string

  @IsString()
  source!: string
}
