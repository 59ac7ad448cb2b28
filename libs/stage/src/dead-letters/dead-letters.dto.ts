import { DEAD_LETTER_STATES, type DeadLetterState, type DiscardRequest } from '#libs/contracts'
import { Transform, Type } from 'class-transformer'
import { IsIn, IsInt, IsNotEmpty, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'

export class DeadLettersQueryDto {
  @IsOptional()
  @IsIn(DEAD_LETTER_STATES)
  state?: DeadLetterState

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit = 100
}

export class DiscardDto implements DiscardRequest {
  /** Kept with the letter: it says why a message of somebody came to nothing. */
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString()
  @IsNotEmpty({ message: 'reason must say why' })
  @MaxLength(1_000)
  reason!: string
}
