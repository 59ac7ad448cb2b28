import { MAX_POLICIES_OF_RUN, type JsonObject, type PrepareBreakGlassRequest } from '#libs/contracts'
import { isObjects, isOptionalText, NestedList } from '#libs/platform'
import { IsObject, IsOptional, Matches, MaxLength } from 'class-validator'
import { SignatureDto } from '../approvals/approvals.dto.js'

/** Maximum number of people who sign one break-glass, authors included. */
export const MOST_SIGNERS = 8

export class PrepareBreakGlassDto implements PrepareBreakGlassRequest {
  @isObjects({ min: 1, max: MAX_POLICIES_OF_RUN }) policies!: JsonObject[]
  @Matches(/\S/, { message: 'reason must say why' }) @MaxLength(1_000) reason!: string
  @isOptionalText(200) author?: string
  @IsOptional() @IsObject() committedBy?: Record<string, string>
}

/** All signatures in one request, one per person and release. */
export class BreakGlassRequestDto {
  @Matches(/^sha256:[0-9a-f]{64}$/, { message: 'digest must be sha256: and 64 hex digits' }) digest!: string
  @NestedList(() => SignatureDto, { min: 1, max: MAX_POLICIES_OF_RUN * MOST_SIGNERS }) signatures!: SignatureDto[]
}
