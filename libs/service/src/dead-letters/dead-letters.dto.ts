import { DEAD_LETTERS_LISTED, DEAD_LETTER_STATES, type DeadLetterState, type DiscardRequest } from '#libs/contracts'
import { isIntegerText, isReason } from '#libs/platform'
import { IsIn, IsOptional } from 'class-validator'

export class DeadLettersQueryDto {
  @IsOptional()
  @IsIn(DEAD_LETTER_STATES)
  state?: DeadLetterState

  @IsOptional()
  @isIntegerText(1, 1_000)
  limit = DEAD_LETTERS_LISTED
}

export class DiscardDto implements DiscardRequest {
  /** Stored with the letter: the reason why a message was discarded. */
  @isReason
  reason!: string
}
