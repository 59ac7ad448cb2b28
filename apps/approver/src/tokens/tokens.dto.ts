import { isInteger, isOptionalText } from '#libs/platform'
import type { TokenRequest } from '#libs/contracts'
import { isScope, MAX_SCOPES } from '#libs/signing'
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsOptional, Matches, ValidateBy } from 'class-validator'

const MINUTE_MS = 60_000
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS

const SCOPE_MESSAGE = 'scopes must be operate, read, bot:<id> or partner:<id>, an id of letters, digits, dots, hyphens and underscores'
const IsEachScope = (): PropertyDecorator =>
  ValidateBy({ name: 'isScope', validator: { validate: isScope, defaultMessage: () => SCOPE_MESSAGE } }, { each: true })

export class TokenRequestDto implements TokenRequest {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SCOPES)
  @ArrayUnique()
  @IsEachScope()
  scopes!: string[]

  @isOptionalText(100) @Matches(/^[^\p{C}]*$/u, { message: 'name must be one line of text' }) name?: string
  @isOptionalText(64) @Matches(/^[\p{L}\p{N}._-]+$/u, { message: 'region must be a name such as NCR' }) region?: string
  @IsOptional() @isInteger(MINUTE_MS, 2 * YEAR_MS) expiresInMs: number = YEAR_MS
}
