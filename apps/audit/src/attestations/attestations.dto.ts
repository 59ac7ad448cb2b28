import { toNumber } from '#libs/platform'
import { IsInt, Max, Min } from 'class-validator'

export class AttestationsQueryDto {
  @toNumber
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  run!: number
}
