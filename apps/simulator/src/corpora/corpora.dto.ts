import type { CorpusRegistration } from '#libs/contracts'
import { IsIn, IsObject, IsOptional, IsString, Matches, ValidateBy } from 'class-validator'
import { REGISTRY_ID } from '../registry-limit.js'

const COLUMN_MAP = {
  name: 'columnMap',
  validator: { validate: isColumnMap, defaultMessage: () => 'map must give a column name for each reading field' },
}

export class CorpusRegistrationDto implements CorpusRegistration {
  @Matches(REGISTRY_ID, { message: 'id must be 1 to 100 letters, digits, dots, hyphens or underscores' }) id!: string
  @IsIn(['csv', 'jsonl']) format!: 'csv' | 'jsonl'
  @IsString() content!: string

  /** Column of the file for each reading field. */
  @IsOptional() @IsObject() @ValidateBy(COLUMN_MAP) map?: Record<string, string>
}

function isColumnMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every((column) => typeof column === 'string')
}
