import { Transform } from 'class-transformer'
import { IsInt, Max, Min } from 'class-validator'

export class AttestationsQueryDto {
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value))
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  run!: number
}
