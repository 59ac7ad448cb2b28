import { MAX_RUNS_LISTED, RUN_STATES, type RunState } from '#libs/contracts'
import { isIntegerText } from '#libs/platform'
import { IsIn, IsOptional } from 'class-validator'

/** Page of a list that is ordered by number, newest first. */
export class NumberedPageDto {
  /** Returns only items with a smaller number, for the next page. */
  @IsOptional() @isIntegerText(1, 999_999_999) before?: number
  @IsOptional() @isIntegerText(1, 1_001) limit = MAX_RUNS_LISTED
}

export class RunsQueryDto extends NumberedPageDto {
  @IsOptional() @IsIn(['yes', 'no']) open?: 'yes' | 'no'
  @IsOptional() @IsIn(RUN_STATES) state?: RunState
}
