import type { CorpusRegistration } from '#libs/contracts'
import { IsIn, IsObject, IsOptional, IsString, Matches } from 'class-validator'

export class CorpusRegistrationDto implements CorpusRegistration {
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, { message: 'id must be 1 to 100 letters, digits, dots, hyphens or underscores' })
  id!: string

  @IsIn(['csv', 'jsonl'])
  format!: 'csv' | 'jsonl'

  @IsString()
  content!: string

  /** Reading field to column of the file. */
  @IsOptional()
  @IsObject()
  map?: Record<string, string>
}
