import type { Envelope, StatementRequest } from '#libs/contracts'
import { IsObject } from 'class-validator'

/** The envelope is judged where it is verified. */
export class StatementRequestDto implements StatementRequest {
  @IsObject()
  statement!: Envelope
}
