import type { Envelope, RunDecisionRequest } from '#libs/contracts'
import { IsObject } from 'class-validator'

/** The envelope is judged where it is verified. */
export class RunDecisionRequestDto implements RunDecisionRequest {
  @IsObject()
  statement!: Envelope
}
