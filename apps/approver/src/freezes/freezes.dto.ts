import type { Envelope, FreezeRequest } from '#libs/contracts'
import { IsObject } from 'class-validator'

/** The envelope is judged where it is verified. */
export class FreezeRequestDto implements FreezeRequest {
  @IsObject()
  statement!: Envelope
}
