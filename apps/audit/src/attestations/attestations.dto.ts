import { isIntegerText } from '#libs/platform'

export class AttestationsQueryDto {
  @isIntegerText(1) run!: number
}
