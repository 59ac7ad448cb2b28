import type { Envelope, WithdrawalRequest } from '#libs/contracts'
import { IsObject, Matches, MaxLength } from 'class-validator'

/** Body of a withdrawal. The content of the envelope is checked when its signature is verified. */
export class WithdrawalRequestDto implements WithdrawalRequest {
  @Matches(/^[a-z0-9]+(-[a-z0-9]+)*$/, { message: 'policy must be a policy id' }) @MaxLength(100) policy!: string
  @IsObject() statement!: Envelope
}
