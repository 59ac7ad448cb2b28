import type { Envelope, RunDecisionRequest } from '#libs/contracts'
import { IsIn, IsObject, IsOptional } from 'class-validator'

/** The envelope is judged where it is verified. */
export class RunDecisionRequestDto implements RunDecisionRequest {
  @IsObject()
  statement!: Envelope
}

export class RunsQueryDto {
  @IsOptional()
  @IsIn(['yes', 'no'])
  open?: 'yes' | 'no'
}
