import { RUN_STATES, type Envelope, type RunDecisionRequest, type RunState } from '#libs/contracts'
import { toNumber } from '#libs/platform'
import { IsIn, IsInt, IsObject, IsOptional, Max, Min } from 'class-validator'

/** The envelope is judged where it is verified. */
export class RunDecisionRequestDto implements RunDecisionRequest {
  @IsObject()
  statement!: Envelope
}

export class RunsQueryDto {
  @IsOptional()
  @IsIn(['yes', 'no'])
  open?: 'yes' | 'no'

  @IsOptional()
  @IsIn(RUN_STATES)
  state?: RunState

  /** Only runs with a smaller number: where the next page begins. */
  @IsOptional()
  @toNumber
  @IsInt()
  @Min(1)
  @Max(999_999_999)
  before?: number
}
