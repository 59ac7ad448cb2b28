import { RUN_STATES, type RunState } from '#libs/contracts'
import { isIntegerText } from '#libs/platform'
import { IsIn, IsOptional } from 'class-validator'

export class RunsQueryDto {
  @IsOptional()
  @IsIn(['yes', 'no'])
  open?: 'yes' | 'no'

  @IsOptional()
  @IsIn(RUN_STATES)
  state?: RunState

  /** Returns only runs with a smaller number, for the next page. */
  @IsOptional()
  @isIntegerText(1, 999_999_999)
  before?: number
}
