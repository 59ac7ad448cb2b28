import { isText } from '#libs/platform'
import type { ScenarioRegistration } from '#libs/contracts'
import { IsString } from 'class-validator'

export class ScenarioRegistrationDto implements ScenarioRegistration {
  /** File name in findings. */
  @isText(500) file!: string
  @IsString() source!: string
}
