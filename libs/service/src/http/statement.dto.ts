import type { Envelope, StatementRequest } from '#libs/contracts'
import { IsObject } from 'class-validator'

/** Body with a signed statement. The content of the envelope is validated where its signature is verified. */
export class StatementRequestDto implements StatementRequest {
  @IsObject() statement!: Envelope
}
