import { MAX_POLICIES_OF_RUN, type BreakGlassRequest, type JsonObject, type PrepareBreakGlassRequest } from '#libs/contracts'
import { NestedList } from '#libs/platform'
import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject, IsOptional, IsString, Matches, MaxLength } from 'class-validator'
import { SignatureDto } from '../approvals/approvals.dto.js'

/** People who sign one break-glass, its authors included. */
export const MOST_SIGNERS = 8

export class PrepareBreakGlassDto implements PrepareBreakGlassRequest {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_POLICIES_OF_RUN)
  @IsObject({ each: true })
  policies!: JsonObject[]

  @Matches(/\S/, { message: 'reason must say why' })
  @MaxLength(1_000)
  reason!: string

  @IsOptional()
  @IsString()
  @MaxLength(200)
  author?: string

  @IsOptional()
  @IsObject()
  committedBy?: Record<string, string>
}

export class BreakGlassRequestDto implements BreakGlassRequest {
  @Matches(/^sha256:[0-9a-f]{64}$/, { message: 'digest must be sha256: and 64 hex digits' })
  digest!: string

  @NestedList(() => SignatureDto, { min: 1, max: MAX_POLICIES_OF_RUN * MOST_SIGNERS })
  signatures!: SignatureDto[]
}
