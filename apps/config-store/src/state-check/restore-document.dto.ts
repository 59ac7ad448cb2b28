import { IsOptional, IsString, MaxLength } from 'class-validator'

export class RestoreDocumentDto {
  /** Written to the log with what was restored. */
  @IsOptional()
  @IsString()
  @MaxLength(1_000)
  reason?: string
}
