import { isInteger, toNumber } from '#libs/platform'

export class AttestationsQueryDto {
  @toNumber
  @isInteger(1)
  run!: number
}
